/** Red packets of APIv2: received by the user, or refunded to the merchant after a day. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import type { Payers } from './payers.js'
import { problem } from './problem.js'
import { DAY, Product, type Row, refusals } from './product.js'
import { SOON } from './transfers.js'

type PacketState = 'SENT' | 'RECEIVED' | 'RFUND_ING' | 'REFUND' | 'FAILED'
type PacketEvent = 'receive' | 'expire' | 'refund' | 'fail'
/** The fields of the request, without `nonce_str` and `sign`. */
type PacketRequest = Readonly<Record<string, string>>

export type RedPacket = Row<PacketState, PacketRequest>

export class RedPackets extends Product<PacketState, PacketEvent, PacketRequest> {
  readonly #accounts: Accounts

  constructor(book: Book, accounts: Accounts, payers: Payers) {
    super(book, 'red-packets', {
      first: 'SENT',
      moves: {
        SENT: { receive: 'RECEIVED', expire: 'RFUND_ING', fail: 'FAILED' },
        RFUND_ING: { refund: 'REFUND' },
        RECEIVED: {},
        REFUND: {},
        FAILED: {},
      },
      ends: { SENT: { after: DAY, by: 'expire' }, RFUND_ING: { after: SOON, by: 'refund' } },
      acts: {
        confirm: { succeed: 'receive', fail: 'fail', reasons: ['用户账户异常', '该用户今日领取红包个数超过限制'] },
      },
      id: { prefix: '1000', digits: 14 },
      ...refusals(),
      reused: () => problem(400, 'FATAL_ERROR', '相同商户订单号的请求参数不一致'),
      happened: (row, event) => {
        if (event === 'refund' || event === 'fail') this.#post(row, totalOf(row), row.updated)
        if (event === 'receive') payers.receive(row.request.re_openid ?? '', totalOf(row))
      },
    })
    this.#accounts = accounts
  }

  /**
   * Repeating the same request returns the same red packet.
   *
   * @throws ApiError `FATAL_ERROR` when a request reuses a `mch_billno` with different fields, `NOT_ENOUGH` when the merchant
   *   has less.
   */
  send(mchid: string, no: string, request: PacketRequest, now: EpochMilliseconds): RedPacket {
    return this.place(mchid, no, request, now, id => {
      this.#post({ mchid, id, no, request }, -totalOf({ request }), now)
    })
  }

  #post(packet: Pick<RedPacket, 'mchid' | 'id' | 'no' | 'request'>, amount: number, at: EpochMilliseconds): void {
    const { mchid, id, no, request } = packet
    const business = amount < 0 ? '现金红包' : '现金红包退款'
    this.#accounts.post({ mchid: request.sub_mch_id ?? mchid, account: 'OPERATION', at, amount, business, id, no })
  }
}

/** Fen. */
export function totalOf({ request }: Pick<RedPacket, 'request'>): number {
  return Number(request.total_amount)
}
