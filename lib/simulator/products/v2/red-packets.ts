/** The endpoints of APIv2 that send and query red packets; they require the merchant certificate. */
import { clockTime } from '../../bills/day.js'
import { requireFen, requireFields, requireFormat } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { ResultCodeError, success, type V2Call } from '../../gateway/v2/message.js'
import { type RedPacket, type RedPackets, totalOf } from '../../ledger/red-packets.js'

/** The limits of one red packet without a `scene_id`, in fen. */
const LEAST = 100
const MOST = 20_000
const FOLDER = '/mmpaymkttransfers'

export function redPacketEndpoints(redPackets: RedPackets): readonly V2Endpoint[] {
  const query = (call: V2Call) => {
    const { mch_billno } = requireFields(call.fields, 'mch_billno')
    return success(call, describe(redPackets.find(call.merchant.mchid, mch_billno)))
  }
  return [
    { path: `${FOLDER}/sendredpack`, handle: call => send(call, redPackets, /^1$/) },
    { path: `${FOLDER}/sendgroupredpack`, handle: call => send(call, redPackets, /^([3-9]|1\d|20)$/) },
    { path: `${FOLDER}/sendminiprogramhb`, handle: call => send(call, redPackets, /^1$/) },
    { path: `${FOLDER}/sendworkwxredpack`, handle: call => send(call, redPackets) },
    { path: `${FOLDER}/gethbinfo`, notFoundCode: 'NOT_FOUND', handle: query },
    { path: `${FOLDER}/queryworkwxredpack`, notFoundCode: 'NOT_FOUND', handle: query },
  ]
}

function send(call: V2Call, redPackets: RedPackets, count?: RegExp): string {
  const { fields, merchant, now } = call
  const { nonce_str: _, sign: __, ...request } = fields
  const names = requireFields(fields, 'wxappid', 're_openid', 'wishing', 'act_name', 'remark')
  const billNo = requireFormat(fields, 'mch_billno', /^[0-9A-Za-z]{1,28}$/)
  const total = requireFen(fields, 'total_amount')
  const each = count ? total / Number(requireFormat(fields, 'total_num', count)) : total
  if (!fields.scene_id && (each < LEAST || each > MOST)) {
    throw new ResultCodeError('MONEY_LIMIT', '每个红包的平均金额必须在1.00元到200.00元之间')
  }
  const { id } = redPackets.send(merchant.mchid, billNo, request, now)
  return success(call, {
    mch_billno: billNo,
    wxappid: names.wxappid,
    re_openid: names.re_openid,
    total_amount: total,
    send_listid: id,
    package: fields.notify_way && `sendid=${id}&ver=8&sign=&mchid=${merchant.mchid}`,
    sender_name: fields.sender_name,
  })
}

function describe(packet: RedPacket) {
  const { id, no, state, request, created, updated, reason } = packet
  const { re_openid = '', wishing, remark, act_name, total_num = '1', sender_name } = request
  const total = totalOf(packet)
  const isReceived = state === 'RECEIVED'
  const isRefunded = state === 'REFUND'
  return {
    mch_billno: no,
    detail_id: id,
    status: state,
    send_type: 'API',
    hb_type: Number(total_num) > 1 ? 'GROUP' : 'NORMAL',
    total_num,
    total_amount: total,
    reason,
    send_time: clockTime(created),
    refund_time: isRefunded ? clockTime(updated) : undefined,
    refund_amount: isRefunded ? total : undefined,
    wishing,
    remark,
    act_name,
    sender_name,
    openid: re_openid,
    amount: total,
    rcv_time: isReceived ? clockTime(updated) : undefined,
    // A group red packet is also received by one user only.
    hblist: isReceived ? { hbinfo: { openid: re_openid, amount: total, rcv_time: clockTime(updated) } } : undefined,
  }
}
