/** The bills of APIv2: requested and downloaded in one call, when they are read. */
import type { Readable } from 'node:stream'
import type { FileOptions } from '../client/client.js'
import { requireEnd } from '../files/complete.js'
import type { Operations } from '../types/generated/routes.js'
import type { WechatPay } from '../types/wechatpay.js'
import type { FundflowSummaryTitle, FundflowTitle, TradeSummaryTitle, TradeTitle } from './columns.js'
import { unpack } from './content.js'
import { malformed } from './damage.js'
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
  options: FileOptions = {},
): RequestedBill<TradeTitle<Requested extends { bill_type: infer Type } ? Type : 'ALL'>, TradeSummaryTitle> {
  return requested(() => wxpay.chain('v2/pay/downloadbill').post({ ...options, xml }))
}

/** The fund flow bill of an account, signed with HMAC-SHA256 and over mutual TLS. As {@link downloadbill}. */
export function downloadfundflow(
  wxpay: WechatPay,
  fields: DownloadfundflowFields,
  options: FileOptions = {},
): RequestedBill<FundflowTitle, FundflowSummaryTitle> {
  const xml = { ...fields, sign_type: 'HMAC-SHA256' } as const
  return requested(() => wxpay.chain('v2/pay/downloadfundflow').post({ ...options, xml }))
}

function requested<Title extends string, SummaryTitle extends string>(
  call: () => Promise<{ body: Buffer | Readable; headers: Headers }>,
): RequestedBill<Title, SummaryTitle> {
  async function* read(isKept: boolean) {
    const { body, headers } = await call()
    // XML that refuses nothing is not a bill either.
    if (Buffer.isBuffer(body)) throw malformed(1, 'is XML in place of titles')
    if (isKept) requireEnd({ headers, body })
    yield* unpack(body)
  }
  return new RequestedBill({ read, isAnnounced: false })
}
