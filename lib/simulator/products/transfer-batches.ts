/** The endpoints of batches of transfers, of merchants and of service providers. */
import { alsoAt, type Call, type Endpoint, endpoint, readParam } from '../gateway/endpoint.js'
import type { Batch, BatchRequest, TransferBatches } from '../ledger/transfer-batches.js'

const PLACING = { numbers: 'ledger' } as const
const DEFAULT_LIMIT = 20

export function transferBatchEndpoints(transfers: TransferBatches): readonly Endpoint[] {
  const create = (call: Call<BatchRequest>) =>
    call.respond(transfers.describe(transfers.transfer(call.merchant.mchid, call.body, call.now)))
  const query = (name: string) => (call: Call) => {
    const batch = transfers.batches.find(call.merchant.mchid, readParam(call, name))
    const described = transfers.describe(batch)
    // A merchant's own batch is nested; that of a service provider is not.
    return call.respond({ ...described, transfer_batch: described, ...detailsOf(call, batch) })
  }
  const detailsOf = ({ query }: Call, batch: Batch) => {
    if (query.get('need_query_detail') !== 'true' || batch.state !== 'FINISHED') return {}
    const [offset, limit] = [Number(query.get('offset') ?? 0), Number(query.get('limit') ?? DEFAULT_LIMIT)]
    const status = query.get('detail_status') ?? 'ALL'
    const details = transfers.detailsOf(batch).map(detail => transfers.describeDetail(detail))
    const wanted = details.filter(({ detail_status }) => status === 'ALL' || detail_status === status)
    return { offset, limit, transfer_detail_list: wanted.slice(offset, offset + limit) }
  }
  const queryDetail = (batch: string, detail: string) => (call: Call) => {
    const row = transfers.findDetail(call.merchant.mchid, readParam(call, batch), readParam(call, detail))
    return call.respond(transfers.describeDetail(row))
  }
  return alsoAt(
    '/v3/transfer',
    ['/v3/partner-transfer'],
    [
      endpoint('post /v3/transfer/batches', create, PLACING),
      endpoint('get /v3/transfer/batches/out-batch-no/{out_batch_no}', query('out_batch_no')),
      endpoint('get /v3/transfer/batches/batch-id/{batch_id}', query('batch_id')),
      endpoint(
        'get /v3/transfer/batches/out-batch-no/{out_batch_no}/details/out-detail-no/{out_detail_no}',
        queryDetail('out_batch_no', 'out_detail_no'),
      ),
      endpoint(
        'get /v3/transfer/batches/batch-id/{batch_id}/details/detail-id/{detail_id}',
        queryDetail('batch_id', 'detail_id'),
      ),
    ],
  )
}
