/** The endpoint of APIv2 that sends red packets; it requires the merchant certificate. */
import { requireFen, requireFields, requireFormat } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { ResultCodeError, success, type V2Call } from '../../gateway/v2/message.js'
import type { RedPackets } from '../../ledger/red-packets.js'

/** The limits of one red packet without a `scene_id`, in fen. */
const LEAST = 100
const MOST = 20_000

export function redPacketEndpoints(redPackets: RedPackets): readonly V2Endpoint[] {
  return [
    {
      path: '/mmpaymkttransfers/sendredpack',
      handle: call => send(call, redPackets),
    },
  ]
}

function send(call: V2Call, redPackets: RedPackets): string {
  const { fields, merchant, now } = call
  const { nonce_str: _, sign: __, ...request } = fields
  const names = requireFields(fields, 'wxappid', 'send_name', 're_openid', 'wishing', 'client_ip', 'act_name', 'remark')
  const billNo = requireFormat(fields, 'mch_billno', /^[0-9A-Za-z]{1,28}$/)
  const total = requireFen(fields, 'total_amount')
  requireFormat(fields, 'total_num', /^1$/)
  if (!fields.scene_id && (total < LEAST || total > MOST)) {
    throw new ResultCodeError('MONEY_LIMIT', '每个红包的平均金额必须在1.00元到200.00元之间')
  }
  const { listId } = redPackets.place(merchant.mchid, billNo, request, now)
  return success(call, {
    mch_billno: billNo,
    wxappid: names.wxappid,
    re_openid: names.re_openid,
    total_amount: total,
    send_listid: listId,
  })
}
