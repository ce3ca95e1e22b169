/** Service orders of WeChat Pay Score: confirmed by the user, completed by the merchant, then paid. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import type { Orders } from './orders.js'
import { problem } from './problem.js'
import { DAY, keyOf, MINUTE, Product, type Row } from './product.js'

/** `COMPLETED` and `UNPAID` are DOING with the description MCH_COMPLETE: before and after a payment that failed. */
type ServiceState = 'CREATED' | 'DOING' | 'COMPLETED' | 'UNPAID' | 'DONE' | 'REVOKED' | 'EXPIRED'
type ServiceEvent = 'confirm' | 'complete' | 'modify' | 'pay' | 'fail' | 'cancel' | 'expire'

export interface ServiceRequest {
  out_order_no: string
  appid: string
  service_id: string
  service_introduction: string
  notify_url: string
  openid?: string | undefined
  need_user_confirm?: boolean | undefined
}

/** What the merchant said when the service ended. */
export interface Completion {
  readonly total_amount: number
  readonly post_payments?: unknown
  readonly post_discounts?: unknown
}

export type ServiceOrder = Row<ServiceState, ServiceRequest>

const UNPAID = { pay: 'DONE', modify: 'COMPLETED', cancel: 'REVOKED' } as const
const DEFAULT_OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'

export class ServiceOrders extends Product<ServiceState, ServiceEvent, ServiceRequest> {
  readonly #orders: Orders
  readonly #completions: Map<string, Completion>

  constructor(book: Book, orders: Orders) {
    super(book, 'payscore', {
      first: 'CREATED',
      moves: {
        CREATED: { confirm: 'DOING', cancel: 'REVOKED', expire: 'EXPIRED' },
        DOING: { complete: 'COMPLETED', cancel: 'REVOKED' },
        COMPLETED: { ...UNPAID, fail: 'UNPAID' },
        UNPAID,
        DONE: {},
        REVOKED: {},
        EXPIRED: {},
      },
      ends: {
        CREATED: { after: 30 * DAY, by: 'expire' },
        COMPLETED: { after: MINUTE, by: 'pay' },
      },
      acts: { confirm: { succeed: 'confirm', fail: 'cancel' }, pay: { succeed: 'pay', fail: 'fail' } },
      id: { prefix: '1500', digits: 15 },
      unknown: () => problem(404, 'ORDER_NOT_EXIST', '订单不存在'),
      reused: () => problem(400, 'INVALID_REQUEST', '商户服务订单号重复，且请求参数与之前不一致'),
      refused: ({ state }) => {
        if (state === 'DONE') return problem(400, 'ORDER_DONE', '订单已完成')
        if (state === 'REVOKED') return problem(400, 'ORDER_CANCELED', '订单已取消')
        return problem(400, 'INVALID_ORDER_STATE', '订单状态错误，不支持该操作')
      },
      happened: (row, event) => {
        if (event === 'pay') this.#charge(row)
        const type = event === 'confirm' ? 'CONFIRM' : event === 'pay' ? 'PAID' : undefined
        if (type === undefined) return
        book.announce({
          event_type: `PAYSCORE.USER_${type}`,
          notify_url: row.request.notify_url,
          summary: type === 'PAID' ? '微信支付分订单支付成功' : '微信支付分订单用户确认成功',
          resource: this.describe(row),
        })
      },
    })
    this.#orders = orders
    this.#completions = book.table('payscore.completions')
  }

  /** @throws ApiError when the number is in use. Without confirmation, the order is DOING at once. */
  open(mchid: string, request: ServiceRequest, now: EpochMilliseconds): ServiceOrder {
    const row = this.place(mchid, request.out_order_no, request, now)
    return request.need_user_confirm === false && row.state === 'CREATED' ? this.move(row, 'confirm', now) : row
  }

  /** The service has ended, or its price changes. Nothing to pay is paid at once. */
  complete(row: ServiceOrder, event: 'complete' | 'modify', completion: Completion, now: EpochMilliseconds): void {
    this.move(row, event, now)
    this.#completions.set(keyOf(row.mchid, row.no), completion)
    if (completion.total_amount === 0) this.move(row, 'pay', now)
  }

  /** The fields of a service order, as in a query and in the notification. */
  describe(row: ServiceOrder) {
    const { notify_url: _, need_user_confirm: __, ...request } = row.request
    const isCompleted = row.state === 'COMPLETED' || row.state === 'UNPAID'
    const description = isCompleted ? 'MCH_COMPLETE' : row.state === 'DOING' ? 'USER_CONFIRM' : undefined
    const completion = this.#completions.get(keyOf(row.mchid, row.no))
    return {
      ...request,
      openid: request.openid ?? DEFAULT_OPENID,
      mchid: row.mchid,
      order_id: row.id,
      state: isCompleted ? 'DOING' : row.state,
      ...(description && { state_description: description }),
      ...(completion && { ...completion, need_collection: completion.total_amount > 0 }),
      ...(completion && completion.total_amount > 0 && { collection: this.#collectionOf(row, completion) }),
    }
  }

  #collectionOf({ mchid, no, state }: ServiceOrder, { total_amount }: Completion) {
    const payment = this.#orders.find(mchid, no)?.payment
    if (state !== 'DONE' || !payment) {
      return { state: 'USER_PAYING', total_amount, paying_amount: total_amount, paid_amount: 0, details: [] }
    }
    const { successTime, transactionId } = payment
    const detail = { seq: 1, amount: total_amount, paid_type: 'NEWTON', paid_time: successTime }
    return {
      state: 'USER_PAID',
      total_amount,
      paying_amount: 0,
      paid_amount: total_amount,
      details: [{ ...detail, transaction_id: transactionId }],
    }
  }

  // What is paid is an order like any other: it is in the bills, and can be refunded.
  #charge({ mchid, no, request, updated }: ServiceOrder): void {
    const total = this.#completions.get(keyOf(mchid, no))?.total_amount ?? 0
    if (total === 0) return
    const { appid, service_introduction: description, openid = DEFAULT_OPENID } = request
    const order = { mchid, appid, description, out_trade_no: no, amount: { total }, payer: { openid } }
    this.#orders.place(mchid, 'JSAPI', order, updated)
    this.#orders.pay(mchid, no, undefined, updated)
  }
}
