/** The parameters that open the payment of an APIv3 order in a page, a mini program or an app. */
import { InvalidArgumentError } from '../errors.js'
import * as Formatter from '../formatter.js'
import { checked, missing, type Nonce, now, type Timestamp } from './fields.js'
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
  return signJsapi(order, key, (parameters, appId) => ({ appId, ...parameters }))
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
  complete: (parameters: MiniProgramParameters, appId: string) => Parameters,
): Parameters | Promise<Parameters> {
  const { appId, prepay_id, timeStamp = now(), nonceStr = Formatter.nonce() } = checkedOrder(order)
  const packageText = `prepay_id=${prepay_id}`
  const message = Formatter.joinedByLineFeed(appId, timeStamp, nonceStr, packageText)
  return withSignature(message, key, paySign =>
    complete({ timeStamp, nonceStr, package: packageText, signType: 'RSA', paySign }, appId),
  )
}

/** The order of a page or a mini program, checked. */
export function checkedOrder<Order extends JsapiOrder>(order: Order): Order {
  const given = checked(order, ['appId', 'prepay_id'])
  refusePackage('prepay_id', given.prepay_id)
  return given
}

// The samples of WeChat Pay pass it on as `package`; signed twice over, it would fail on the payer's device only.
function refusePackage(name: string, prepayId: string): void {
  if (!/^\s*prepay_?id\s*=/i.test(prepayId)) return
  throw new InvalidArgumentError(
    `\`${name}\` must be the prepay_id of the response alone; got it after \`prepay_id=\`, which is added here. Pass the unchanged value of \`prepay_id\`.`,
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
  const named: { prepayid?: string; prepay_id?: string } = { ...order }
  const prepayid = named.prepayid ?? named.prepay_id ?? missing('prepayid')
  const given = checked({ ...order, prepayid }, ['appid', 'partnerid', 'prepayid'])
  refusePackage('prepayid', prepayid)
  const { appid, partnerid, timestamp = now(), noncestr = Formatter.nonce() } = given
  return { appid, partnerid, prepayid, package: 'Sign=WXPay', noncestr, timestamp }
}
