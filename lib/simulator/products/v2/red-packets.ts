/** APIv2's red packets: money that goes out, so that it needs the merchant certificate. */
import { isDeepStrictEqual } from 'node:util'
import { beijingDigits } from '../../../util/beijing-time.js'
import { requireFen, requireForm, requireTexts } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { type Fields, Refused, success, type V2Call } from '../../gateway/v2/message.js'

/** Fen, of one red packet without a `scene_id`. */
const LEAST = 100
const MOST = 20_000

interface RedPacket {
  readonly request: Fields
  readonly listId: string
}

export function redPacketEndpoints(): readonly V2Endpoint[] {
  const sent = new Map<string, RedPacket>()
  return [
    {
      path: '/mmpaymkttransfers/sendredpack',
      needsCertificate: true,
      isUnsigned: true,
      handle: call => send(call, sent),
    },
  ]
}

/** The same number with the same content gives the same red packet. */
function send(call: V2Call, sent: Map<string, RedPacket>): string {
  const { fields, merchant, now } = call
  const { nonce_str: _, sign: __, ...request } = fields
  const names = requireTexts(fields, 'wxappid', 'send_name', 're_openid', 'wishing', 'client_ip', 'act_name', 'remark')
  const number = requireForm(fields, 'mch_billno', /^[0-9A-Za-z]{1,28}$/)
  const total = requireFen(fields, 'total_amount')
  requireForm(fields, 'total_num', /^1$/)
  if (!fields.scene_id && (total < LEAST || total > MOST)) {
    throw new Refused('MONEY_LIMIT', '每个红包的平均金额必须在1.00元到200.00元之间')
  }
  const key = `${merchant.mchid}/${number}`
  const packet = sent.get(key) ?? { request, listId: `1000${beijingDigits(now)}${String(sent.size).padStart(14, '0')}` }
  if (!isDeepStrictEqual(packet.request, request)) {
    throw new Refused('FATAL_ERROR', '相同商户订单号的请求参数不一致')
  }
  sent.set(key, packet)
  return success(
    call,
    {
      mch_billno: number,
      wxappid: names.wxappid,
      re_openid: names.re_openid,
      total_amount: total,
      send_listid: packet.listId,
    },
    false,
  )
}
