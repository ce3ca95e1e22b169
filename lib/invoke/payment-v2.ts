/** The parameters that open the payment of an APIv2 order, or a red packet; signed with the APIv2 key. */
import { ALGO_MD5, type SignType } from '../crypto/hash.js'
import * as Formatter from '../formatter.js'
import { checked, type Nonce, now, queryOf, type Timestamp } from './fields.js'
import { type SecretKey, signFields } from './keys.js'
import { type AppOrder, type AppParameters, appParameters, checkedOrder, type JsapiOrder } from './payment.js'

export interface JsapiV2Order extends JsapiOrder {
  /** The `sign_type` of the order. Default `MD5`. */
  signType?: SignType
}

export interface JsapiV2Parameters {
  appId: string
  timeStamp: string
  nonceStr: string
  package: string
  signType: SignType
  paySign: string
}

/**
 * For `WeixinJSBridge.invoke('getBrandWCPayRequest', …)` in a page and `wx.requestPayment` in a mini program, with the
 * `prepay_id` of v2/pay/unifiedorder. Signed with the APIv2 key.
 */
export function jsapiV2(order: JsapiV2Order, key: SecretKey): JsapiV2Parameters {
  const given = checkedOrder(order)
  const { appId, prepay_id, signType = ALGO_MD5, timeStamp = now(), nonceStr = Formatter.nonce() } = given
  const parameters = { appId, timeStamp, nonceStr, package: `prepay_id=${prepay_id}`, signType }
  return { ...parameters, paySign: signFields(parameters, key, signType) }
}

/** As {@link AppOrder}. */
export type AppV2Order = AppOrder & {
  /** The `sign_type` of the order. Default `MD5`. */
  signType?: SignType
}

/**
 * For the `PayReq` of WeChat's open SDK in an app, with the `prepay_id` of v2/pay/unifiedorder. Signed with the APIv2
 * key.
 */
export function appV2(order: AppV2Order, key: SecretKey): AppParameters {
  const parameters = appParameters(order)
  return { ...parameters, sign: signFields(parameters, key, order.signType ?? ALGO_MD5) }
}

export interface QrCode {
  appid: string
  mch_id: string
  /** The merchant's product ID: WeChat Pay requests an order for it when the code is scanned. */
  product_id: string
  time_stamp?: Timestamp
  nonce_str?: Nonce
}

/**
 * The content of a QR code that can be printed: `weixin://wxpay/bizpayurl?…` (扫码支付模式一). Signed with MD5 and the
 * APIv2 key.
 */
export function qrCode(code: QrCode, key: SecretKey): string {
  const given = checked(code, ['appid', 'mch_id', 'product_id'])
  const fields = { time_stamp: now(), nonce_str: Formatter.nonce(), ...given }
  return `weixin://wxpay/bizpayurl?${queryOf({ ...fields, sign: signFields(fields, key, ALGO_MD5) })}`
}

export interface RedPacket {
  appId: string
  /** From the response of v2/mmpaymkttransfers/sendminiprogramhb. */
  package: string
  timeStamp?: Timestamp
  nonceStr?: Nonce
}

export interface RedPacketParameters {
  timeStamp: string
  nonceStr: string
  package: string
  signType: 'MD5'
  paySign: string
}

/**
 * For `wx.sendBizRedPacket` in a mini program. Signed with MD5 and the APIv2 key; `signType` is not signed, and `package`
 * is signed as it is and passed on percent-encoded.
 */
export function redPacket(packet: RedPacket, key: SecretKey): RedPacketParameters {
  const given = checked(packet, ['appId', 'package'])
  const { appId, package: packageText, timeStamp = now(), nonceStr = Formatter.nonce() } = given
  const paySign = signFields({ appId, timeStamp, nonceStr, package: packageText }, key, ALGO_MD5)
  return { timeStamp, nonceStr, package: encodeURIComponent(packageText), signType: ALGO_MD5, paySign }
}
