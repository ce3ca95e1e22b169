/** The bills of APIv2: asked for and downloaded in one, which happens when they are read. */
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
 * The trade bill of a day, `bill_date` as `YYYYMMDD`. APIv2 announces no hash: that the bill is whole is told by its
 * summary, and of `save` by gzip, so give `tar_type: 'GZIP'`.
 *
 * Reading it throws BillUnavailableError when there is none for that day, or not yet.
 */
export function downloadbill<const Asked extends DownloadbillFields>(
  wxpay: WechatPay,
  xml: Asked,
  options: CallOptions = {},
): RequestedBill<TradeTitle<Asked extends { bill_type: infer Type } ? Type : 'ALL'>, TradeSummaryTitle> {
  async function* read() {
    yield* unpack((await wxpay.chain('v2/pay/downloadbill').post({ ...options, xml })).body)
  }
  return new RequestedBill({ read, isAnnounced: false })
}

/** The bill of an account's flow of funds, signed as it has to be; over mutual TLS. As {@link downloadbill}. */
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
