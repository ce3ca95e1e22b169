/** The bills of APIv3, each asked for in one call. */
import { InvalidArgumentError } from '../errors.js'
import type { Operations } from '../types/generated/routes.js'
import type { WechatPay } from '../types/wechatpay.js'
import { type AnnouncedFile, type AnnouncedParts, fileContent, keyOpener, partsContent } from './announced-bill.js'
import type { FundflowSummaryTitle, FundflowTitle, TradeSummaryTitle, TradeTitle } from './columns.js'
import type { CallOptions } from './download.js'
import { RequestedBill } from './requested-bill.js'
import { orUnavailable } from './unavailable.js'

type Query<Name extends keyof Operations> = NonNullable<Operations[Name]['query']>

export type TradeQuery = Query<'get /v3/bill/tradebill'>
export type FundflowQuery = Query<'get /v3/bill/fundflowbill'>
export type ProfitsharingQuery = Query<'get /v3/profitsharing/bills'>
export type SubMerchantFundflowQuery = Sealed<Query<'get /v3/bill/sub-merchant-fundflowbill'>>
export type EcommerceFundflowQuery = Sealed<Query<'get /v3/ecommerce/bill/fundflowbill'>>
export type PayscoreQuery = Omit<Query<'get /v3/payscore/merchant-bill'>, 'encryption_algorithm'>
export type StatementQuery = Query<'get /v3/global/statements'>

/** SM4_GCM is not spoken here. */
type Sealed<Asked> = Omit<Asked, 'algorithm'> & { algorithm?: typeof ALGORITHM }

const ALGORITHM = 'AEAD_AES_256_GCM'

/**
 * The trade bill (交易账单) of a day, `YYYY-MM-DD`. Nothing is downloaded yet; the bill can be, for 5 minutes.
 *
 * @throws BillUnavailableError when there is none for that day, or not yet; ApiError and the rest as any call does.
 */
export async function trade<const Asked extends TradeQuery>(
  wxpay: WechatPay,
  query: Asked,
  options: CallOptions = {},
): Promise<RequestedBill<TradeTitle<Asked extends { bill_type: infer Type } ? Type : 'ALL'>, TradeSummaryTitle>> {
  const ask = wxpay.chain('v3/bill/tradebill').get({ ...options, query })
  return new RequestedBill(fileContent(wxpay, await announced(ask), options))
}

/** The bill of an account's flow of funds (资金账单) on a day, `YYYY-MM-DD`. Throws as {@link trade} does. */
export async function fundflow(
  wxpay: WechatPay,
  query: FundflowQuery,
  options: CallOptions = {},
): Promise<RequestedBill<FundflowTitle, FundflowSummaryTitle>> {
  const ask = wxpay.chain('v3/bill/fundflowbill').get({ ...options, query })
  return new RequestedBill(fileContent(wxpay, await announced(ask), options))
}

/** The bill of profit sharing (分账账单) of a day, `YYYY-MM-DD`. Throws as {@link trade} does. */
export async function profitsharing(
  wxpay: WechatPay,
  query: ProfitsharingQuery,
  options: CallOptions = {},
): Promise<RequestedBill> {
  const ask = wxpay.chain('v3/profitsharing/bills').get({ ...options, query })
  return new RequestedBill(fileContent(wxpay, await announced(ask), options))
}

/**
 * The flow of funds of one sub-merchant (单个子商户资金账单): encrypted, decrypted here with the merchant's private key.
 * Throws as {@link trade} does, and InvalidArgumentError where there is no such key.
 */
export async function subMerchantFundflow(
  wxpay: WechatPay,
  { algorithm = ALGORITHM, ...query }: SubMerchantFundflowQuery,
  options: CallOptions = {},
): Promise<RequestedBill<FundflowTitle, FundflowSummaryTitle>> {
  requireSealed(wxpay, algorithm)
  const ask = wxpay.chain('v3/bill/sub-merchant-fundflowbill').get({ ...options, query: { ...query, algorithm } })
  return new RequestedBill(partsContent(wxpay, await announced(ask), options))
}

/** The flow of funds of all sub-merchants of a platform (二级商户资金账单). Throws as {@link subMerchantFundflow} does. */
export async function ecommerceFundflow(
  wxpay: WechatPay,
  { algorithm = ALGORITHM, ...query }: EcommerceFundflowQuery,
  options: CallOptions = {},
): Promise<RequestedBill<FundflowTitle, FundflowSummaryTitle>> {
  requireSealed(wxpay, algorithm)
  const ask = wxpay.chain('v3/ecommerce/bill/fundflowbill').get({ ...options, query: { ...query, algorithm } })
  return new RequestedBill(partsContent(wxpay, await announced(ask), options))
}

/** The bill of a payscore service (支付分对账单). Throws as {@link subMerchantFundflow} does. */
export async function payscore(
  wxpay: WechatPay,
  query: PayscoreQuery,
  options: CallOptions = {},
): Promise<RequestedBill> {
  requireSealed(wxpay, ALGORITHM)
  const asked = { ...query, encryption_algorithm: ALGORITHM }
  const ask = wxpay.chain('v3/payscore/merchant-bill').get({ ...options, query: asked })
  return new RequestedBill(partsContent(wxpay, await announced(ask), options))
}

/**
 * The statement of a merchant outside of mainland China, `date` as `YYYYMMDD`. It is asked for and downloaded in one,
 * which happens when it is read.
 */
export function statement(wxpay: WechatPay, query: StatementQuery, options: CallOptions = {}): RequestedBill {
  async function* read() {
    const { body } = await wxpay.chain('v3/global/statements').get({ ...options, query })
    yield* body
  }
  return new RequestedBill({ read, isAnnounced: true })
}

/**
 * What an answer announces with a `download_url` (and a hash), or with a list of encrypted parts: bills that have no
 * function of their own, and receipts.
 *
 * @throws InvalidArgumentError for a URL that is not WeChat Pay's, or a hash that is not known.
 */
export function follow(
  wxpay: WechatPay,
  answer: AnnouncedFile | AnnouncedParts,
  options: CallOptions = {},
): RequestedBill {
  const isFile = 'download_url' in answer
  return new RequestedBill(isFile ? fileContent(wxpay, answer, options) : partsContent(wxpay, answer, options))
}

async function announced<Data>(ask: Promise<{ data: Data }>): Promise<Data> {
  try {
    return (await ask).data
  } catch (error) {
    throw orUnavailable(error)
  }
}

/** Before anything is asked for. */
function requireSealed(wxpay: WechatPay, algorithm: string): void {
  keyOpener(wxpay)
  if (algorithm === ALGORITHM) return
  throw new InvalidArgumentError(`\`algorithm\` is ${JSON.stringify(algorithm)}; only ${ALGORITHM} is spoken here.`)
}
