/** Service orders of WeChat Pay Score: confirmed by the user, completed by the merchant, then paid. */
import { beijingDigits, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { DEFAULT_OPENID } from './order.js'
import type { Orders } from './orders.js'
import type { Payments } from './payments.js'
import { problem } from './problem.js'
import { DAY, keyOf, MINUTE, Product, type Row } from './product.js'
import { isSame } from './same.js'

/** `COMPLETED` and `UNPAID` are DOING with the description MCH_COMPLETE: before and after a payment that failed. */
type ServiceState = 'CREATED' | 'DOING' | 'COMPLETED' | 'UNPAID' | 'DONE' | 'REVOKED' | 'EXPIRED'
type ServiceEvent =
  | 'confirm'
  | 'start'
  | 'complete'
  | 'modify'
  | 'collect'
  | 'pay'
  | 'sync'
  | 'fail'
  | 'cancel'
  | 'expire'

export interface ServiceRequest {
  out_order_no: string
  appid: string
  sub_appid?: string | undefined
  sub_mchid?: string | undefined
  service_id: string
  service_introduction?: string | undefined
  risk_fund?: { name?: string | undefined; amount: number } | undefined
  time_range?: object | undefined
  location?: object | undefined
  device?: object | undefined
  notify_url?: string | undefined
  openid?: string | undefined
  sub_openid?: string | undefined
  need_user_confirm?: boolean | undefined
}

type Amounts = readonly { amount?: number | undefined }[] | undefined

/** The request that completes a service. */
export interface Completion {
  total_amount: number
  post_payments?: Amounts
  post_discounts?: Amounts
  time_range?: object | undefined
  location?: object | undefined
  profit_sharing?: boolean | undefined
}

/** Money that has been received: by a deduction, or by the merchant in a different way. */
interface Collected {
  readonly amount: number
  readonly paid_type: 'NEWTON' | 'MCH'
  readonly paid_time: string
  readonly transaction_id?: string
}

interface Completed {
  readonly said: Completion
  readonly collected: readonly Collected[]
}

export type ServiceOrder = Row<ServiceState, ServiceRequest>

const UNPAID = { pay: 'DONE', sync: 'DONE', collect: 'COMPLETED', modify: 'COMPLETED', cancel: 'REVOKED' } as const
/** For these, no more is collected than the user has agreed to. */
const DEPOSITS = ['DEPOSIT', 'ADVANCE', 'CASH_DEPOSIT']

export class ServiceOrders extends Product<ServiceState, ServiceEvent, ServiceRequest> {
  readonly #book: Book
  readonly #orders: Orders
  readonly #payments: Payments
  readonly #completed: Map<string, Completed>

  constructor(book: Book, orders: Orders, payments: Payments) {
    super(book, 'payscore', {
      first: 'CREATED',
      moves: {
        CREATED: { confirm: 'DOING', start: 'DOING', cancel: 'REVOKED', expire: 'EXPIRED' },
        DOING: { complete: 'COMPLETED', cancel: 'REVOKED' },
        COMPLETED: { ...UNPAID, fail: 'UNPAID' },
        UNPAID,
        DONE: {},
        REVOKED: { cancel: 'REVOKED' },
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
        if (event === 'pay' && !this.#charge(row)) {
          row.state = 'UNPAID'
          row.reason = 'NOT_ENOUGH'
          return
        }
        const type = event === 'confirm' ? 'CONFIRM' : event === 'pay' ? 'PAID' : undefined
        const { notify_url } = row.request
        if (type === undefined || notify_url === undefined) return
        book.announce({
          event_type: `PAYSCORE.USER_${type}`,
          notify_url,
          summary: type === 'PAID' ? '微信支付分订单支付成功' : '微信支付分订单用户确认成功',
          resource: this.describe(row),
        })
      },
    })
    this.#book = book
    this.#orders = orders
    this.#payments = payments
    this.#completed = book.table('payscore.completions')
  }

  /** @throws ApiError when the number is in use. Without confirmation, the order is DOING at once. */
  open(mchid: string, request: ServiceRequest, now: EpochMilliseconds): ServiceOrder {
    const row = this.place(mchid, request.out_order_no, request, now)
    return request.need_user_confirm === false && row.state === 'CREATED' ? this.move(row, 'start', now) : row
  }

  /**
   * Completes the service, or lowers its price. A total of 0 is paid at once. Repeating the same request changes
   * nothing.
   *
   * @throws ApiError 400 `INVALID_REQUEST` for a total that is not the sum, or more than may be collected.
   */
  complete(row: ServiceOrder, event: 'complete' | 'modify', said: Completion, now: EpochMilliseconds): ServiceOrder {
    const key = keyOf(row.mchid, row.no)
    const before = this.#completed.get(key)
    const known = { ...before?.said, ...said }
    if (before && row.state !== 'REVOKED' && isSame(before.said, known)) return row
    if (this.can(row, event)) requireTotal(row.request, said, event === 'modify' ? before?.said : undefined)
    this.move(row, event, now)
    this.#completed.set(key, { said: known, collected: before?.collected ?? [] })
    return this.#due(key) === 0 ? this.move(row, 'pay', now) : row
  }

  /** Records money that the merchant has received outside WeChat Pay: all that is due, or a part of it. */
  sync(row: ServiceOrder, paid_time: string, amount: number | undefined, now: EpochMilliseconds): ServiceOrder {
    const key = keyOf(row.mchid, row.no)
    const due = this.#due(key)
    const part = Math.min(amount ?? due, due)
    if (part === due) this.move(row, 'sync', now)
    else this.move(row, 'collect', now)
    this.#collect(key, { amount: part, paid_type: 'MCH', paid_time })
    return row
  }

  /** The transaction ID of the deduction; undefined until it has been made. */
  transactionIdOf(mchid: string, number: string): string | undefined {
    const row = this.seek(mchid, number)
    const collected = row && this.#completed.get(keyOf(mchid, row.no))?.collected
    return collected?.find(({ transaction_id }) => transaction_id !== undefined)?.transaction_id
  }

  /** The fields of a service order, as in a query and in the notification. */
  describe(row: ServiceOrder) {
    const { notify_url: _, need_user_confirm: __, device: ___, ...request } = row.request
    const { time_range, location } = request
    const isCompleted = row.state === 'COMPLETED' || row.state === 'UNPAID'
    const description = isCompleted ? 'MCH_COMPLETE' : row.state === 'DOING' ? 'USER_CONFIRM' : undefined
    const completed = this.#completed.get(keyOf(row.mchid, row.no))
    const { profit_sharing: ____, ...said }: Partial<Completion> = completed?.said ?? {}
    return {
      ...request,
      ...(!request.openid && !request.sub_openid && { openid: DEFAULT_OPENID }),
      mchid: row.mchid,
      service_introduction: request.service_introduction ?? '',
      order_id: row.id,
      state: isCompleted ? 'DOING' : row.state,
      ...(description && { state_description: description }),
      ...said,
      ...(time_range && { time_range: { ...time_range, ...said.time_range } }),
      ...(location && { location: { ...location, ...said.location } }),
      ...(completed && { need_collection: completed.said.total_amount > 0 }),
      ...(completed && completed.said.total_amount > 0 && row.state !== 'REVOKED' && collectionOf(completed)),
    }
  }

  /** Fen that have not been received. */
  #due(key: string): number {
    const { said, collected } = this.#completed.get(key) ?? { said: { total_amount: 0 }, collected: [] }
    return said.total_amount - paidOf(collected)
  }

  #collect(key: string, part: Collected): void {
    const completed = this.#completed.get(key)
    if (completed) this.#completed.set(key, { ...completed, collected: [...completed.collected, part] })
  }

  // A deduction is an ordinary order for bills and refunds. Its number differs from that of the service order.
  #charge({ mchid, no, request, updated }: ServiceOrder): boolean {
    const key = keyOf(mchid, no)
    const amount = this.#due(key)
    if (amount === 0) return true
    const { appid, sub_appid, sub_mchid, service_introduction, openid, sub_openid } = request
    const out_trade_no = this.#book.number('', updated, 10)
    const isShared = this.#completed.get(key)?.said.profit_sharing === true
    const partner = sub_mchid !== undefined && { sp_mchid: mchid, sp_appid: appid, sub_mchid, sub_appid }
    const payer =
      sub_openid !== undefined && openid === undefined ? { sub_openid } : { openid: openid ?? DEFAULT_OPENID }
    const order = {
      ...(partner || { mchid, appid }),
      description: service_introduction ?? '',
      out_trade_no,
      amount: { total: amount },
      payer,
      ...(isShared && { settle_info: { profit_sharing: true } }),
    }
    this.#orders.place(mchid, 'JSAPI', order, updated)
    const paid = this.#payments.deduct(mchid, out_trade_no, updated)
    if (!paid) return false
    const transaction_id = paid.payment.transactionId
    this.#collect(key, { amount, paid_type: 'NEWTON', paid_time: beijingDigits(updated), transaction_id })
    return true
  }
}

function paidOf(collected: readonly Collected[]): number {
  return collected.reduce((sum, { amount }) => sum + amount, 0)
}

function collectionOf({ said: { total_amount }, collected }: Completed) {
  const paid_amount = paidOf(collected)
  return {
    collection: {
      state: paid_amount === total_amount ? 'USER_PAID' : 'USER_PAYING',
      total_amount,
      paying_amount: total_amount - paid_amount,
      paid_amount,
      details: collected.map((part, index) => ({ seq: index + 1, ...part })),
    },
  }
}

/** The payments less the discounts. */
export function sumOf({ post_payments, post_discounts }: Pick<Completion, 'post_payments' | 'post_discounts'>): number {
  const sum = (parts: Amounts) => (parts ?? []).reduce((total, { amount = 0 }) => total + amount, 0)
  return sum(post_payments) - sum(post_discounts)
}

function requireTotal({ risk_fund }: ServiceRequest, said: Completion, before: Completion | undefined): void {
  const { total_amount } = said
  if (sumOf(said) !== total_amount)
    throw problem(400, 'INVALID_REQUEST', '总金额必须等于后付费项目金额之和减去优惠金额之和')
  if (before && total_amount >= before.total_amount) throw problem(400, 'INVALID_REQUEST', '订单金额只能下调')
  const isDeposit = DEPOSITS.includes(risk_fund?.name ?? '')
  if (isDeposit && total_amount > (risk_fund?.amount ?? 0))
    throw problem(400, 'INVALID_REQUEST', '总金额不能大于服务风险金额')
}
