/** Merchant coupons (商家券) for a user: in a mini program, and on a page of WeChat Pay. */
import { ALGO_HMAC_SHA256 } from '../crypto/hash.js'
import { InvalidArgumentError } from '../errors.js'
import { kindOf } from '../util/wording.js'
import { checked, missing, queryOf } from './fields.js'
import { type SecretKey, signFields } from './keys.js'

export interface Coupon {
  stock_id: string
  /** The merchant's number of this request, of letters and digits. */
  out_request_no: string
  /** For stocks whose coupon codes the merchant sets when it sends them. */
  coupon_code?: string
  /** The merchant that created the stock; for cash coupons (支付券). */
  create_coupon_merchant?: string
  /** RFC 3339; for stocks whose coupons are valid from the time they are sent. */
  customize_send_time?: string
}

export interface CouponList {
  send_coupon_params: Coupon[]
  /** The mchid of the merchant that sends the coupons. */
  send_coupon_merchant: string
}

/**
 * The attributes of the plugin `<send-coupon>` of a mini program (小程序发券插件). Signed with HMAC-SHA256 and the APIv2
 * key of `send_coupon_merchant`.
 */
export function couponList(list: CouponList, key: SecretKey): CouponList & { sign: string } {
  const { send_coupon_params: coupons = missing('send_coupon_params'), ...sender } = { ...list }
  const { send_coupon_merchant } = checked({ send_coupon_merchant: sender.send_coupon_merchant }, [
    'send_coupon_merchant',
  ])
  if (!Array.isArray(coupons)) {
    throw new InvalidArgumentError(`\`send_coupon_params\` must be a list of coupons; got ${kindOf(coupons)}.`)
  }
  const send_coupon_params = coupons.map(coupon => checked(coupon, ['stock_id', 'out_request_no']))
  const numbered = send_coupon_params.flatMap((coupon, index) =>
    Object.entries(coupon).map(([name, value]) => [`${name}${index}`, value]),
  )
  const sign = signFields({ ...Object.fromEntries(numbered), send_coupon_merchant }, key, ALGO_HMAC_SHA256)
  return { send_coupon_params, send_coupon_merchant, sign }
}

export interface CouponPage {
  stock_id: string
  /** The merchant's number of this request, of letters and digits. */
  out_request_no: string
  /** The mchid of the merchant that sends the coupon. */
  send_coupon_merchant: string
  /** The user's openid, under an appid of that merchant. */
  open_id: string
  coupon_code?: string
  customize_send_time?: string
}

/**
 * The address of the page on which a user accepts a coupon (H5发券): `location.href = …`, within WeChat. Signed with
 * HMAC-SHA256 and the APIv2 key of `send_coupon_merchant`.
 */
export function couponPage(page: CouponPage, key: SecretKey): string {
  const fields = checked(page, ['stock_id', 'out_request_no', 'send_coupon_merchant', 'open_id'])
  const sign = signFields(fields, key, ALGO_HMAC_SHA256)
  return `https://action.weixin.qq.com/busifavor/getcouponinfo?${queryOf({ ...fields, sign })}#wechat_redirect`
}
