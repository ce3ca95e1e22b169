/** Parking: a car enters, its plate may be blocked, and it leaves with a deduction. */

import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import type { Order, OrderRequest } from './order.js'
import type { Orders } from './orders.js'
import { parkingNotice } from './parking-order.js'
import type { Payments } from './payments.js'
import { parameterError, problem } from './problem.js'
import { keyOf, Product, type Row, refusals } from './product.js'
import { isSame } from './same.js'

export interface ParkingRequest {
  sub_mchid?: string | undefined
  out_parking_no: string
  plate_number: string
  plate_color: string
  notify_url: string
  start_time: string
  parking_name: string
  free_duration: number
}

/** The fields of a deduction about the stay. */
export interface ParkingInfo {
  parking_id: string
  plate_number: string
  plate_color: string
  start_time: string
  end_time: string
  parking_name: string
}

type ParkingState = 'NORMAL' | 'BLOCKED' | 'DEDUCTED' | 'REPAID'
export type Parking = Row<ParkingState, ParkingRequest>

const REASONS = ['PAUSE', 'OVERDUE', 'OUT_SERVICE', 'EVALUATION_FAILED'] as const

export class Parkings extends Product<ParkingState, 'block' | 'unblock' | 'deduct' | 'repay', ParkingRequest> {
  readonly #orders: Orders
  readonly #payments: Payments
  /** The order number of the deduction, by the key of the stay. */
  readonly #paid: Map<string, { out_trade_no: string }>
  /** The newest stay of each plate, which is the only one that can be deducted. */
  readonly #newest: Map<string, { no: string }>

  constructor(book: Book, orders: Orders, payments: Payments) {
    super(book, 'parkings', {
      first: 'NORMAL',
      moves: {
        NORMAL: { block: 'BLOCKED', unblock: 'NORMAL', deduct: 'DEDUCTED' },
        BLOCKED: { unblock: 'NORMAL' },
        // WeChat Pay has paid for a user who had too little money, and the user repays it.
        DEDUCTED: { repay: 'REPAID' },
        REPAID: {},
      },
      acts: {
        confirm: { succeed: 'unblock', fail: Object.fromEntries(REASONS.map(reason => [reason, 'block' as const])) },
        settle: { succeed: 'repay' },
      },
      id: { prefix: '5K82', digits: 6 },
      ...refusals(),
      happened: (row, event) => {
        const { out_trade_no } = this.#paid.get(keyOf(row.mchid, row.no)) ?? {}
        const order = out_trade_no && orders.find(row.mchid, out_trade_no)
        if (event === 'repay' && order && order.payment && order.request.notify_url) {
          book.announce(parkingNotice(order, 'PAY_BACK', order.request.notify_url))
        }
        if (event !== 'block' && event !== 'unblock') return
        const { mchid, no: _, id, request, state, updated, reason } = row
        const { notify_url, ...entrance } = request
        book.announce({
          event_type: 'VEHICLE.ENTRANCE_STATE_CHANGE',
          notify_url,
          summary: '停车入场状态变更',
          resource: {
            sp_mchid: mchid,
            ...entrance,
            parking_id: id,
            parking_state: state,
            ...(state === 'BLOCKED' && { blocked_state_description: reason }),
            state_update_time: beijingTime(updated),
          },
        })
      },
    })
    this.#orders = orders
    this.#payments = payments
    this.#paid = book.table('parkings.paid')
    this.#newest = book.table('parkings.newest')
  }

  /** A car enters: this is now the current stay of its plate. */
  enter(mchid: string, request: ParkingRequest, now: EpochMilliseconds): Parking {
    const no = request.out_parking_no
    return this.place(mchid, no, request, now, () => this.#newest.set(plateKey(mchid, request), { no }))
  }

  /** The newest stay of a plate. */
  newestOf(mchid: string, plate: Pick<ParkingRequest, 'plate_number' | 'plate_color'>): Parking | undefined {
    return this.seek(mchid, this.#newest.get(plateKey(mchid, plate))?.no ?? '')
  }

  /**
   * Accepts a deduction, which is made after a minute. Repeating the same request returns the same order.
   *
   * @throws ApiError 400 `INVALID_REQUEST` unless it matches the newest stay of the plate, which must be neither
   *   blocked nor deducted; `PARAM_ERROR` unless it ends after it began; and as for an order.
   */
  deduct(mchid: string, request: OrderRequest, info: ParkingInfo, now: EpochMilliseconds): Order {
    const known = this.#orders.find(mchid, request.out_trade_no)
    if (known && isSame(known.request, request)) return known
    const stay = this.seek(mchid, info.parking_id)
    const isNewest = stay && this.newestOf(mchid, stay.request) === stay
    if (!isNewest || stay.id !== info.parking_id) throw problem(400, 'INVALID_REQUEST', '停车入场id不存在')
    const { plate_number, plate_color, start_time, parking_name, sub_mchid } = stay.request
    const isOfStay =
      plate_number === info.plate_number &&
      plate_color === info.plate_color &&
      Date.parse(start_time) === Date.parse(info.start_time) &&
      parking_name === info.parking_name &&
      sub_mchid === request.sub_mchid
    if (!isOfStay || stay.state === 'DEDUCTED') throw problem(400, 'INVALID_REQUEST', '场景信息和停车入场id不匹配')
    if (stay.state !== 'NORMAL') throw problem(400, 'INVALID_REQUEST', '车牌服务状态不可用')
    if (Date.parse(info.end_time) <= Date.parse(start_time)) {
      const issue = 'must be later than start_time'
      throw parameterError('参数错误', {
        field: '/parking_info/end_time',
        value: info.end_time,
        issue,
        location: 'body',
      })
    }
    const order = this.#orders.place(mchid, 'PAP', request, now)
    this.#payments.accept(order, now)
    this.move(stay, 'deduct', now)
    this.#paid.set(keyOf(mchid, stay.no), { out_trade_no: request.out_trade_no })
    return order
  }
}

function plateKey(mchid: string, plate: Pick<ParkingRequest, 'plate_number' | 'plate_color'>): string {
  return keyOf(mchid, plate.plate_number + plate.plate_color)
}
