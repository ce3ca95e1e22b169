/** The parameters that open the payment of an APIv3 order: in a page, a mini program, an app. */
import * as Formatter from '../formatter.js'
import { checked } from './fields.js'
import { type RemoteSigner, type SigningKey, withSignature } from './keys.js'

export interface JsapiOrder {
  appId: string
  /** What the order's creation answered; it lives for two hours. */
  prepay_id: string
  /** Seconds since 1970. Default: now. */
  timeStamp?: string
  /** Default: 32 random characters. */
  nonceStr?: string
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
 * For `WeixinJSBridge.invoke('getBrandWCPayRequest', …)` and `wx.chooseWXPay` in a page. Combined orders are paid with
 * the same: `prepay_id` is then that of v3/combine-transactions/jsapi.
 *
 * Signed with the merchant API private key of the merchant (or service provider) that created the order.
 *
 * @throws InvalidArgumentError for a missing field or key.
 */
export function jsapi(order: JsapiOrder, key: SigningKey): JsapiParameters
/** With a signer that has to be asked, the parameters have to be waited for. */
export function jsapi(order: JsapiOrder, signer: RemoteSigner): Promise<JsapiParameters>
export function jsapi(order: JsapiOrder, key: SigningKey | RemoteSigner): JsapiParameters | Promise<JsapiParameters> {
  const { appId } = order
  return signJsapi(order, key, parameters => ({ appId, ...parameters }))
}

/**
 * For `wx.requestPayment` in a mini program: as {@link jsapi}, whose `appId` is signed here as well and yet not passed on.
 *
 * @throws InvalidArgumentError for a missing field or key.
 */
export function miniProgram(order: JsapiOrder, key: SigningKey): MiniProgramParameters
/** With a signer that has to be asked, the parameters have to be waited for. */
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

/** `prepayid` is what the order's creation answered as `prepay_id`, and may be given by either name. */
export type AppOrder = AppOrderFields & ({ prepayid: string } | { prepay_id: string })

interface AppOrderFields {
  appid: string
  /** The merchant number; for a combined order its `combine_mchid`. */
  partnerid: string
  /** Seconds since 1970. Default: now. */
  timestamp?: string
  /** Default: 32 random characters. */
  noncestr?: string
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
 * For the `PayReq` of WeChat's open SDK in an app. Combined orders are paid with the same.
 *
 * Signed with the merchant API private key of the merchant (or service provider) that created the order.
 *
 * @throws InvalidArgumentError for a missing field or key.
 */
export function app(order: AppOrder, key: SigningKey): AppParameters
/** With a signer that has to be asked, the parameters have to be waited for. */
export function app(order: AppOrder, signer: RemoteSigner): Promise<AppParameters>
export function app(order: AppOrder, key: SigningKey | RemoteSigner): AppParameters | Promise<AppParameters> {
  const parameters = appParameters(order)
  const { appid, timestamp, noncestr, prepayid } = parameters
  const message = Formatter.joinedByLineFeed(appid, timestamp, noncestr, prepayid)
  return withSignature(message, key, sign => ({ ...parameters, sign }))
}

/** What an app passes on, but for the signature. */
export function appParameters(order: AppOrder): Omit<AppParameters, 'sign'> {
  const prepayid = 'prepayid' in order ? order.prepayid : order.prepay_id
  const given = checked({ ...order, prepayid }, ['appid', 'partnerid', 'prepayid'])
  const { appid, partnerid, timestamp = now(), noncestr = Formatter.nonce() } = given
  return { appid, partnerid, prepayid, package: 'Sign=WXPay', noncestr, timestamp }
}

/** Seconds since 1970, as text. */
export function now(): string {
  return String(Formatter.timestamp())
}
