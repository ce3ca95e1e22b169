/** The endpoints of a brand's red packets, which are batches of transfers under different names. */
import { type Call, type Endpoint, endpoint, readParam } from '../gateway/endpoint.js'
import type { Batch, Detail, TransferBatches } from '../ledger/transfer-batches.js'

export function brandRedPacketEndpoints(transfers: TransferBatches): readonly Endpoint[] {
  const describe = (batch: Batch) => {
    const { mchid, batch_id, batch_status, ...rest } = transfers.describe(batch)
    return { ...rest, brand_mchid: mchid, batch_no: batch_id, batch_state: batch_status }
  }
  const describeDetail = (detail: Detail) => {
    const { mchid, batch_id, detail_id, detail_status, transfer_amount, transfer_remark, ...rest } =
      transfers.describeDetail(detail)
    const { brand_id, brand_appid, template_id } = transfers.batches.find(mchid, batch_id).request
    return {
      ...rest,
      ...{ brand_mchid: mchid, brand_id, brand_appid, template_id },
      batch_no: batch_id,
      detail_no: detail_id,
      transfer_detail_no: detail_id,
      detail_state: `DETAIL_${detail_status}`,
      amount: transfer_amount,
      remark: transfer_remark,
      create_time: rest.initiate_time,
    }
  }
  const detailsOf = ({ query }: Call, batch: Batch) => {
    if (query.get('need_query_detail') !== 'true' || batch.state !== 'FINISHED') return {}
    const wanted = query.get('detail_state')?.replace('_VIEW', '') ?? 'DETAIL_ALL'
    const details = transfers.detailsOf(batch).map(describeDetail)
    return {
      detail_list: details
        .filter(({ detail_state }) => wanted === 'DETAIL_ALL' || detail_state === wanted)
        .map(({ transfer_detail_no, out_detail_no, detail_state }) => ({
          transfer_detail_no,
          out_detail_no,
          detail_state,
        })),
    }
  }
  const query = (name: string) => (call: Call) => {
    const batch = transfers.batches.find(call.merchant.mchid, readParam(call, name))
    return call.respond({ ...describe(batch), ...detailsOf(call, batch) })
  }
  const queryDetail = (batch: string, detail: string) => (call: Call) => {
    const row = transfers.findDetail(call.merchant.mchid, readParam(call, batch), readParam(call, detail))
    return call.respond(describeDetail(row))
  }
  return [
    endpoint(
      'post /v3/fund-app/brand-redpacket/brand-merchant-batches',
      ({ body, merchant, now, respond }) => {
        const { detail_list = [], ...request } = body
        const transfer_detail_list = detail_list.map(({ amount, remark = '', ...part }) => ({
          ...part,
          transfer_amount: amount,
          transfer_remark: remark,
        }))
        return respond(describe(transfers.transfer(merchant.mchid, { ...request, transfer_detail_list }, now)))
      },
      { numbers: 'ledger' },
    ),
    endpoint('get /v3/fund-app/brand-redpacket/brand-merchant-batches/{batch_no}', query('batch_no')),
    endpoint('get /v3/fund-app/brand-redpacket/brand-merchant-out-batches/{out_batch_no}', query('out_batch_no')),
    endpoint(
      'get /v3/fund-app/brand-redpacket/brand-merchant-batches/{batch_no}/details/{detail_no}',
      queryDetail('batch_no', 'detail_no'),
    ),
    endpoint(
      'get /v3/fund-app/brand-redpacket/brand-merchant-out-batches/{out_batch_no}/out-details/{out_detail_no}',
      queryDetail('out_batch_no', 'out_detail_no'),
    ),
  ]
}
