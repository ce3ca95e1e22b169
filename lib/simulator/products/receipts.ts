/** The endpoints of electronic receipts of transfers: apply, query, download. */
import { createHash } from 'node:crypto'
import { receiptFile } from '../bills/receipt.js'
import { type Call, type Endpoint, endpoint, readParam } from '../gateway/endpoint.js'
import type { Ledger } from '../ledger/ledger.js'
import type { Receipt } from '../ledger/receipts.js'

const PATH = '/v3/transferbilldownload/elecvoucherfile'
const PLACING = { numbers: 'ledger' } as const

type ReceiptLedger = Pick<Ledger, 'receipts' | 'transfers' | 'batches' | 'downloads'>
type Hash = 'SHA256' | 'SM3'
interface DetailNames {
  readonly out_batch_no?: string | undefined
  readonly out_detail_no: string
}

/** `origin` returns the URL of the simulator: `http://127.0.0.1:<port>`. */
export function receiptEndpoints(
  { receipts, transfers, batches, downloads }: ReceiptLedger,
  origin: () => string,
): readonly Endpoint[] {
  const respond = (call: Call, row: Receipt, hash_type: Hash = 'SHA256') => {
    const described = receipts.describe(row)
    if (row.state !== 'FINISHED') return call.respond(described)
    const file = receiptFile(row.request.lines)
    const hash_value = createHash(hash_type.toLowerCase()).update(file).digest('hex').toUpperCase()
    const token = downloads.add({ content: () => [file], isCompressed: false }, call.now)
    const download_url = `${origin()}${PATH}?source=elecsign&token=${token}`
    return call.respond({ ...described, hash_type, hash_value, download_url })
  }
  const apply = (call: Call, number: string, hash?: Hash) => {
    const { mchid } = call.merchant
    const row = transfers.find(mchid, number)
    const { transfer_bill_no, transfer_amount, openid, update_time } = transfers.describe(row)
    const facts = { transfer_bill_no, out_bill_no: row.no, mchid, openid, transfer_amount, update_time }
    return respond(call, receipts.apply(mchid, row.no, row.state, facts, call.now), hash)
  }
  const query = (call: Call, number: string, hash?: Hash) => {
    const { mchid } = call.merchant
    return respond(call, receipts.find(mchid, transfers.find(mchid, number).no), hash)
  }
  const batchKey = (out_batch_no: string) => `batches/${out_batch_no}`
  const detailKey = ({ out_batch_no, out_detail_no }: DetailNames) =>
    out_batch_no === undefined ? out_detail_no : `details/${out_batch_no}/${out_detail_no}`
  const applyDetail = (call: Call, names: DetailNames) => {
    const { mchid } = call.merchant
    const { out_batch_no, out_detail_no } = names
    if (out_batch_no === undefined) return apply(call, out_detail_no)
    const row = batches.details.find(mchid, `${out_batch_no}/${out_detail_no}`)
    const { detail_id, transfer_amount, openid, update_time } = batches.describeDetail(row)
    const facts = { detail_id, out_batch_no, out_detail_no, mchid, openid, transfer_amount, update_time }
    return respond(call, receipts.apply(mchid, detailKey(names), row.state, facts, call.now))
  }
  const app = '/v3/fund-app/mch-transfer'
  return [
    endpoint(`post ${app}/elecsign/out-bill-no`, call => apply(call, call.body.out_bill_no), PLACING),
    endpoint(`get ${app}/elecsign/out-bill-no/{out_bill_no}`, call => query(call, readParam(call, 'out_bill_no'))),
    endpoint(`post ${app}/elecsign/transfer-bill-no`, call => apply(call, call.body.transfer_bill_no), PLACING),
    endpoint(`get ${app}/elecsign/transfer-bill-no/{transfer_bill_no}`, call =>
      query(call, readParam(call, 'transfer_bill_no')),
    ),
    endpoint(`post ${app}/partner/electronic-receipts`, call => apply(call, call.body.out_bill_no, 'SM3'), PLACING),
    endpoint(`get ${app}/partner/electronic-receipts/{out_bill_no}`, call =>
      query(call, readParam(call, 'out_bill_no'), 'SM3'),
    ),
    endpoint(
      'post /v3/transfer/bill-receipt',
      call => {
        const { mchid } = call.merchant
        const batch = batches.batches.find(mchid, call.body.out_batch_no)
        const { batch_id, out_batch_no, success_num, success_amount, update_time } = batches.describe(batch)
        const facts = { batch_id, out_batch_no, mchid, success_num, success_amount, update_time }
        return respond(call, receipts.apply(mchid, batchKey(out_batch_no), batch.state, facts, call.now))
      },
      PLACING,
    ),
    endpoint('get /v3/transfer/bill-receipt/{out_batch_no}', call =>
      respond(call, receipts.find(call.merchant.mchid, batchKey(readParam(call, 'out_batch_no')))),
    ),
    endpoint('post /v3/transfer-detail/electronic-receipts', call => applyDetail(call, call.body), PLACING),
    endpoint('get /v3/transfer-detail/electronic-receipts', call => {
      const names = {
        out_batch_no: call.query.get('out_batch_no') ?? undefined,
        out_detail_no: call.query.get('out_detail_no') ?? '',
      }
      return respond(call, receipts.find(call.merchant.mchid, detailKey(names)))
    }),
    endpoint(`get ${PATH}`, ({ query, now }) => {
      const { content } = downloads.find(query.get('token'), now)
      return { statusCode: 200, body: '', file: { contentType: 'application/pdf', open: content } }
    }),
  ]
}
