/** Paying by face (刷脸支付): what a terminal passes on to WeChat Pay's SDK. */
import { checked } from './fields.js'

export interface FacePay {
  appid: string
  mch_id: string
  sub_appid?: string
  /** A service provider's merchant. */
  sub_mch_id?: string
  store_id: string
  /** What v2/face/get_wxpayface_authinfo answered. */
  authinfo: string
  out_trade_no: string
  /** Fen. */
  total_fee: string | number
  /** `1`: the face code is a payment code for micropay; `0`: one for facepay. */
  face_code_type?: string
  openid?: string
  telephone?: string
  ask_face_permit?: string
  ask_ret_page?: string
  ignore_update_pay_result?: string
}

/**
 * For `getWxpayfaceCode`: `face_authtype` is filled in. Needs no key: `authinfo` is what is signed for, when it is asked
 * for with the APIv2 key.
 *
 * @throws InvalidArgumentError for a missing field.
 */
export function facePay(payment: FacePay): FacePay & { face_authtype: 'FACEPAY' } {
  const required = ['appid', 'mch_id', 'store_id', 'authinfo', 'out_trade_no', 'total_fee'] as const
  return { face_authtype: 'FACEPAY', ...checked(payment, required) }
}
