/** Payment by face (刷脸支付): the parameters that a terminal passes on to WeChat Pay's SDK. */
import { checked } from './fields.js'

export interface FacePay {
  appid: string
  mch_id: string
  sub_appid?: string
  /** The sub-merchant of a service provider. */
  sub_mch_id?: string
  store_id: string
  /** From the response of v2/face/get_wxpayface_authinfo. */
  authinfo: string
  out_trade_no: string
  /** Fen. */
  total_fee: string | number
  /** `1`: the face code is a payment code for micropay; `0`: for facepay. */
  face_code_type?: string
  openid?: string
  telephone?: string
  ask_face_permit?: string
  ask_ret_page?: string
  ignore_update_pay_result?: string
}

/** For `getWxpayfaceCode`: `face_authtype` is filled in. Needs no key: the request for `authinfo` is the signed one. */
export function facePay(payment: FacePay): FacePay & { face_authtype: 'FACEPAY' } {
  const required = ['appid', 'mch_id', 'store_id', 'authinfo', 'out_trade_no', 'total_fee'] as const
  return { face_authtype: 'FACEPAY', ...checked(payment, required) }
}
