/** Red packets that have been sent. */
import { beijingDigits, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { isSame } from './same.js'

export interface RedPacket {
  /** The fields of the request, without `nonce_str` and `sign`. */
  readonly request: Readonly<Record<string, string>>
  readonly listId: string
}

export class RedPackets {
  readonly #packets: Map<string, RedPacket>

  constructor(book: Book) {
    this.#packets = book.table('red-packets')
  }

  /**
   * Repeating the same request returns the same red packet.
   *
   * @throws ApiError `FATAL_ERROR` when a request reuses a `mch_billno` with different fields.
   */
  place(mchid: string, billNo: string, request: RedPacket['request'], now: EpochMilliseconds): RedPacket {
    const key = `${mchid}/${billNo}`
    const known = this.#packets.get(key)
    if (known) {
      if (isSame(known.request, request)) return known
      throw problem(400, 'FATAL_ERROR', '相同商户订单号的请求参数不一致')
    }
    const listId = `1000${beijingDigits(now)}${String(this.#packets.size).padStart(14, '0')}`
    const packet: RedPacket = { request, listId }
    this.#packets.set(key, packet)
    return packet
  }
}
