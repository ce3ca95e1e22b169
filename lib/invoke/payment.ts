/** The parameters that open the payment of an APIv3 order in a page, a mini program or an app. */
import * as Formatter from '../formatter.js'
import { checked, type Nonce, now, type Timestamp } from './fields.js'
import { type RemoteSigner, type SigningKey, withSignature } from './keys.js'

export interface JsapiOrder {
  appId: string
  /** From the response that created the order; valid for two hours. */
  prepay_id: string
  timeStamp?: Timestamp
  nonceStr?: Nonce
}

export interface MiniProgramParameters {
  timeStamp: string
  nonceStr: string
  package: string
  signType: 'RSA'
  paySign: string
}

export interface JsapiParameters extends MiniProgramParameters {
  appId: string
}

/**
 * For `WeixinJSBridge.invoke('getBrandWCPayRequest', …)` and `wx.chooseWXPay` in a page; also for combined orders, with
 * the `prepay_id` of v3/combine-transactions/jsapi.
 *
 * Signed with the merchant API private key of the merchant (or service provider) that created the order.
 */
export function jsapi(order: JsapiOrder, key: SigningKey): JsapiParameters
/** With a remote signer, the result is a promise. */
export function jsapi(order: JsapiOrder, signer: RemoteSigner): Promise<JsapiParameters>
export function jsapi(order: JsapiOrder, key: SigningKey | RemoteSigner): JsapiParameters | Promise<JsapiParameters> {
  const { appId } = order
  return signJsapi(order, key, parameters => ({ appId, ...parameters }))
}

/** For `wx.requestPayment` in a mini program: as {@link jsapi}, but the `appId` is only signed, not passed on. */
export function miniProgram(order: JsapiOrder, key: SigningKey): MiniProgramParameters
/** With a remote signer, the result is a promise. */
export function miniProgram(order: JsapiOrder, signer: RemoteSigner): Promise<MiniProgramParameters>
export function miniProgram(
  order: JsapiOrder,
  key: SigningKey | RemoteSigner,
): MiniProgramParameters | Promise<MiniProgramParameters> {
  return signJsapi(order, key, parameters => parameters)
}

function signJsapi<Parameters>(
  order: JsapiOrder,
  key: SigningKey | RemoteSigner,
  complete: (parameters: MiniProgramParameters) => Parameters,
): Parameters | Promise<Parameters> {
  const { appId, prepay_id, timeStamp = now(), nonceStr = Formatter.nonce() } = checked(order, ['appId', 'prepay_id'])
  const packageText = `prepay_id=${prepay_id}`
  const message = Formatter.joinedByLineFeed(appId, timeStamp, nonceStr, packageText)
  return withSignature(message, key, paySign =>
    complete({ timeStamp, nonceStr, package: packageText, signType: 'RSA', paySign }),
  )
}

/** The `prepay_id` from the response that created the order may be passed by either name. */
export type AppOrder = AppOrderFields & ({ prepayid: string } | { prepay_id: string })

interface AppOrderFields {
  appid: string
  /** The mchid; for a combined order its `combine_mchid`. */
  partnerid: string
  timestamp?: Timestamp
  noncestr?: Nonce
}

export interface AppParameters {
  appid: string
  partnerid: string
  prepayid: string
  package: 'Sign=WXPay'
  noncestr: string
  timestamp: string
  sign: string
}

/**
 * For the `PayReq` of WeChat's open SDK in an app; also for combined orders.
 *
 * Signed with the merchant API private key of the merchant (or service provider) that created the order.
 */
export function app(order: AppOrder, key: SigningKey): AppParameters
/** With a remote signer, the result is a promise. */
export function app(order: AppOrder, signer: RemoteSigner): Promise<AppParameters>
export function app(order: AppOrder, key: SigningKey | RemoteSigner): AppParameters | Promise<AppParameters> {
  const parameters = appParameters(order)
  const { appid, timestamp, noncestr, prepayid } = parameters
  const message = Formatter.joinedByLineFeed(appid, timestamp, noncestr, prepayid)
  return withSignature(message, key, sign => ({ ...parameters, sign }))
}

/** The parameters of an app, without the signature. */
export function appParameters(order: AppOrder): Omit<AppParameters, 'sign'> {
  const prepayid = 'prepayid' in order ? order.prepayid : order.prepay_id
  const given = checked({ ...order, prepayid }, ['appid', 'partnerid', 'prepayid'])
  const { appid, partnerid, timestamp = now(), noncestr = Formatter.nonce() } = given
  return { appid, partnerid, prepayid, package: 'Sign=WXPay', noncestr, timestamp }
}
