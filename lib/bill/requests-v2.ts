/** The bills of APIv2: requested and downloaded in one call, when they are read. */
import type { Operations } from '../types/generated/routes.js'
import type { WechatPay } from '../types/wechatpay.js'
import type { FundflowSummaryTitle, FundflowTitle, TradeSummaryTitle, TradeTitle } from './columns.js'
import { unpack } from './content.js'
import type { CallOptions } from './download.js'
import { RequestedBill } from './requested-bill.js'

type Fields<Name extends keyof Operations> = NonNullable<Operations[Name]['xml']>

export type DownloadbillFields = Fields<'post /v2/pay/downloadbill'>
export type DownloadfundflowFields = Omit<Fields<'post /v2/pay/downloadfundflow'>, 'sign_type'>

/**
 * The trade bill of a day, `bill_date` as `YYYYMMDD`. APIv2 announces no hash: `rows` knows from the summary that the bill
 * is complete, and `save` from gzip, so pass `tar_type: 'GZIP'`.
 *
 * Reading it throws BillUnavailableError when there is no bill for that day, or not yet.
 */
export function downloadbill<const Requested extends DownloadbillFields>(
  wxpay: WechatPay,
  xml: Requested,
  options: CallOptions = {},
): RequestedBill<TradeTitle<Requested extends { bill_type: infer Type } ? Type : 'ALL'>, TradeSummaryTitle> {
  async function* read() {
    yield* unpack((await wxpay.chain('v2/pay/downloadbill').post({ ...options, xml })).body)
  }
  return new RequestedBill({ read, isAnnounced: false })
}

/** The fund flow bill of an account, signed with HMAC-SHA256 and over mutual TLS. As {@link downloadbill}. */
export function downloadfundflow(
  wxpay: WechatPay,
  fields: DownloadfundflowFields,
  options: CallOptions = {},
): RequestedBill<FundflowTitle, FundflowSummaryTitle> {
  const xml = { ...fields, sign_type: 'HMAC-SHA256' } as const
  async function* read() {
    yield* unpack((await wxpay.chain('v2/pay/downloadfundflow').post({ ...options, xml })).body)
  }
  return new RequestedBill({ read, isAnnounced: false })
}
