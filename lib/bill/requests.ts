/** The bills of APIv3, each requested in one call. */
import type { FileOptions } from '../client/client.js'
import { namedFile } from '../client/named-file.js'
import { settingsOf } from '../client/settings-of.js'
import { InvalidArgumentError } from '../errors.js'
import { WechatPayResponse } from '../response.js'
import type { Operations } from '../types/generated/routes.js'
import type { WechatPay } from '../types/wechatpay.js'
import { isRecord } from '../util/plain-object.js'
import { type AnnouncedParts, fileContent, keyDecrypter, partsContent } from './announced-bill.js'
import type { FundflowSummaryTitle, FundflowTitle, TradeSummaryTitle, TradeTitle } from './columns.js'
import { RequestedBill } from './requested-bill.js'
import { orUnavailable } from './unavailable.js'

type Query<Name extends keyof Operations> = NonNullable<Operations[Name]['query']>

export type TradeQuery = Query<'get /v3/bill/tradebill'>
export type FundflowQuery = Query<'get /v3/bill/fundflowbill'>
export type ProfitsharingQuery = Query<'get /v3/profitsharing/bills'>
export type SubMerchantFundflowQuery = Encrypted<Query<'get /v3/bill/sub-merchant-fundflowbill'>>
export type EcommerceFundflowQuery = Encrypted<Query<'get /v3/ecommerce/bill/fundflowbill'>>
export type PayscoreQuery = Omit<Query<'get /v3/payscore/merchant-bill'>, 'encryption_algorithm'>
export type StatementQuery = Query<'get /v3/global/statements'>

/** Default: SM4_GCM for a client with an SM2 key, else AEAD_AES_256_GCM. */
type Encrypted<Requested> = Omit<Requested, 'algorithm'> & { algorithm?: Algorithm }

const AES = 'AEAD_AES_256_GCM'
const SM4 = 'SM4_GCM'
type Algorithm = typeof AES | typeof SM4

/**
 * The trade bill (交易账单) of a day, `YYYY-MM-DD`. The call only requests it; it can then be downloaded for 5 minutes.
 *
 * @throws BillUnavailableError when there is no bill for that day, or not yet; ApiError and the other errors of a call.
 */
export async function trade<const Requested extends TradeQuery>(
  wxpay: WechatPay,
  query: Requested,
  options: FileOptions = {},
): Promise<RequestedBill<TradeTitle<Requested extends { bill_type: infer Type } ? Type : 'ALL'>, TradeSummaryTitle>> {
  const call = wxpay.chain('v3/bill/tradebill').get({ ...options, query })
  return new RequestedBill(fileContent(wxpay, await announced(call), options))
}

/** The fund flow bill (资金账单) of an account on a day, `YYYY-MM-DD`. Throws as {@link trade} does. */
export async function fundflow(
  wxpay: WechatPay,
  query: FundflowQuery,
  options: FileOptions = {},
): Promise<RequestedBill<FundflowTitle, FundflowSummaryTitle>> {
  const call = wxpay.chain('v3/bill/fundflowbill').get({ ...options, query })
  return new RequestedBill(fileContent(wxpay, await announced(call), options))
}

/** The profit sharing bill (分账账单) of a day, `YYYY-MM-DD`. Throws as {@link trade} does. */
export async function profitsharing(
  wxpay: WechatPay,
  query: ProfitsharingQuery,
  options: FileOptions = {},
): Promise<RequestedBill> {
  const call = wxpay.chain('v3/profitsharing/bills').get({ ...options, query })
  return new RequestedBill(fileContent(wxpay, await announced(call), options))
}

/**
 * The fund flow bill of one sub-merchant (单个子商户资金账单), decrypted with the merchant's private key. Throws as
 * {@link trade} does, and InvalidArgumentError for a client without that key.
 */
export async function subMerchantFundflow(
  wxpay: WechatPay,
  { algorithm: given, ...query }: SubMerchantFundflowQuery,
  options: FileOptions = {},
): Promise<RequestedBill<FundflowTitle, FundflowSummaryTitle>> {
  const algorithm = chooseAlgorithm(wxpay, given)
  const call = wxpay.chain('v3/bill/sub-merchant-fundflowbill').get({ ...options, query: { ...query, algorithm } })
  return new RequestedBill(partsContent(wxpay, await announced(call), options))
}

/** The fund flow bill of all sub-merchants of a platform (二级商户资金账单). Throws as {@link subMerchantFundflow} does. */
export async function ecommerceFundflow(
  wxpay: WechatPay,
  { algorithm: given, ...query }: EcommerceFundflowQuery,
  options: FileOptions = {},
): Promise<RequestedBill<FundflowTitle, FundflowSummaryTitle>> {
  const algorithm = chooseAlgorithm(wxpay, given)
  const call = wxpay.chain('v3/ecommerce/bill/fundflowbill').get({ ...options, query: { ...query, algorithm } })
  return new RequestedBill(partsContent(wxpay, await announced(call), options))
}

/** The bill of a WeChat Pay Score service (支付分对账单). Throws as {@link subMerchantFundflow} does. */
export async function payscore(
  wxpay: WechatPay,
  query: PayscoreQuery,
  options: FileOptions = {},
): Promise<RequestedBill> {
  keyDecrypter(wxpay)
  const requested = { ...query, encryption_algorithm: AES }
  const call = wxpay.chain('v3/payscore/merchant-bill').get({ ...options, query: requested })
  return new RequestedBill(partsContent(wxpay, await announced(call), options))
}

/**
 * The statement of a merchant outside mainland China, `date` as `YYYYMMDD`. It is requested and downloaded in one call,
 * when it is read.
 */
export function statement(wxpay: WechatPay, query: StatementQuery, options: FileOptions = {}): RequestedBill {
  async function* read() {
    const { body } = await wxpay.chain('v3/global/statements').get({ ...options, query })
    yield* body
  }
  return new RequestedBill({ read, isAnnounced: true })
}

/**
 * The file that a verified response names, on any path: by its `download_url` or `url` and a hash, or as a list of
 * encrypted parts. For bills without a function of their own; `response` is the response of a call, its data, or an
 * entry of a list in it. `Media.follow` fetches files that are not bills.
 *
 * @throws InvalidArgumentError for a response that names no file or several, a URL that does not lead to WeChat Pay, or
 *   an unknown hash.
 */
export function follow(wxpay: WechatPay, response: object, options: FileOptions = {}): RequestedBill {
  const data: unknown = response instanceof WechatPayResponse ? response.data : response
  const content = isParts(data) ? partsContent(wxpay, data, options) : fileContent(wxpay, namedFile(data), options)
  return new RequestedBill(content)
}

// The list comes from a verified response, which has the documented fields.
function isParts(data: unknown): data is AnnouncedParts {
  return isRecord(data) && 'download_bill_count' in data
}

async function announced<Data>(call: Promise<{ data: Data }>): Promise<Data> {
  try {
    return (await call).data
  } catch (error) {
    throw orUnavailable(error)
  }
}

/** Checks what decryption needs before anything is sent. */
function chooseAlgorithm(wxpay: WechatPay, given: Algorithm | undefined): Algorithm {
  keyDecrypter(wxpay)
  const { algorithm: kind } = settingsOf(wxpay)?.signer ?? {}
  const algorithm = given ?? (kind === 'SM2' ? SM4 : AES)
  if (algorithm === AES || algorithm === SM4) return algorithm
  throw new InvalidArgumentError(`\`algorithm\` must be ${AES} or ${SM4}; got ${JSON.stringify(algorithm)}.`)
}
