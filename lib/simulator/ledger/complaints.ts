/** Complaints of payers: their content, the merchant's responses, and their end. */
import { InvalidArgumentError } from '../../errors.js'
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { payeeOf } from './order.js'
import type { Orders } from './orders.js'
import { keyOf, Product, type Row, refusals } from './product.js'
import type { Refunds } from './refunds.js'

type ComplaintState = 'PENDING' | 'PROCESSING' | 'PROCESSED'

/** The documented actions and their names in the history. */
const ACTIONS = {
  CREATE_COMPLAINT: 'USER_CREATE_COMPLAINT',
  CONTINUE_COMPLAINT: 'USER_CONTINUE_COMPLAINT',
  USER_RESPONSE: 'USER_RESPONSE',
  RESPONSE_BY_PLATFORM: 'PLATFORM_RESPONSE',
  MERCHANT_RESPONSE: 'MERCHANT_RESPONSE',
  MERCHANT_CONFIRM_COMPLETE: 'MERCHANT_CONFIRM_COMPLETE',
  USER_APPLY_PLATFORM_SERVICE: 'USER_APPLY_PLATFORM_SERVICE',
  USER_CANCEL_PLATFORM_SERVICE: 'USER_CANCEL_PLATFORM_SERVICE',
  PLATFORM_SERVICE_FINISHED: 'PLATFORM_SERVICE_FINISHED',
  MERCHANT_APPROVE_REFUND: 'MERCHANT_APPROVE_REFUND',
  MERCHANT_REJECT_REFUND: 'MERCHANT_REFUSE_RERUND',
  REFUND_SUCCESS: 'COMPLAINT_REFUND_RECEIVED_SYSTEM_MESSAGE',
} as const

type Action = keyof typeof ACTIONS
export type ComplaintEvent = Exclude<Action, 'CREATE_COMPLAINT'>

const EVENTS = Object.keys(ACTIONS).filter((name): name is ComplaintEvent => name !== 'CREATE_COMPLAINT')

export interface ComplaintRequest {
  complaint_detail: string
  problem_description: string
  problem_type?: string | undefined
  apply_refund_amount?: number | undefined
  payer_phone?: string | undefined
  payer_openid?: string | undefined
  /** The order that it is about. */
  transaction_id?: string | undefined
  out_trade_no?: string | undefined
  amount: number
  /** The merchant, or one of its sub-merchants, that the payer complains about. */
  complainted_mchid: string
}

export type Complaint = Row<ComplaintState, ComplaintRequest>

/** A step in the history of a complaint. */
export interface Log {
  readonly log_id: string
  readonly operator: string
  readonly operate_time: string
  readonly operate_type: string
  readonly operate_details?: string | undefined
  /** Media IDs. */
  readonly images?: readonly string[] | undefined
}

export interface Statement {
  /** The merchant's number: repeating it does not log the statement again. */
  readonly id?: string | undefined
  readonly details?: string | undefined
  readonly images?: readonly string[] | undefined
}

const HANDLED = {
  MERCHANT_RESPONSE: 'PROCESSING',
  MERCHANT_APPROVE_REFUND: 'PROCESSING',
  MERCHANT_REJECT_REFUND: 'PROCESSING',
  MERCHANT_CONFIRM_COMPLETE: 'PROCESSED',
  CONTINUE_COMPLAINT: 'PENDING',
} as const

/** The actions that do not change the state of the complaint. */
function said<State extends ComplaintState>(state: State) {
  return {
    USER_RESPONSE: state,
    RESPONSE_BY_PLATFORM: state,
    REFUND_SUCCESS: state,
    USER_APPLY_PLATFORM_SERVICE: state,
    USER_CANCEL_PLATFORM_SERVICE: state,
    PLATFORM_SERVICE_FINISHED: state,
  }
}

export class Complaints extends Product<ComplaintState, ComplaintEvent, ComplaintRequest> {
  readonly #book: Book
  readonly #orders: Orders
  readonly #urls: Map<string, { url: string }>
  readonly #logs: Map<string, { list: Log[] }>
  /** The logs, by the merchant's numbers of its statements. */
  readonly #statements: Map<string, { id: string }>

  constructor(book: Book, orders: Orders, refunds: Refunds) {
    super(book, 'complaints', {
      first: 'PENDING',
      moves: {
        PENDING: { ...said('PENDING'), ...HANDLED },
        PROCESSING: { ...said('PROCESSING'), ...HANDLED },
        PROCESSED: { ...said('PROCESSED'), CONTINUE_COMPLAINT: 'PENDING' },
      },
      id: { prefix: '2002018', digits: 6 },
      ...refusals(),
    })
    this.#book = book
    this.#orders = orders
    this.#urls = book.table('complaints.urls')
    this.#logs = book.table('complaints.logs')
    this.#statements = book.table('complaints.statements')
    refunds.onSuccess(({ mchid, payment }, now) => {
      for (const complaint of this.of(mchid)) {
        if (complaint.request.transaction_id === payment.transactionId) this.happen(complaint, 'REFUND_SUCCESS', now)
      }
    })
    const url = (mchid: string) => this.urlOf(mchid)
    book.beginnings.set('COMPLAINT.CREATE', { url, begin: (mchid, given, now) => this.#begin(mchid, given, now) })
    book.beginnings.set('COMPLAINT.STATE_CHANGE', { url, begin: (mchid, given, now) => this.#goOn(mchid, given, now) })
  }

  /** The URL for the merchant's notifications; undefined if it has set none. */
  urlOf(mchid: string): string | undefined {
    return this.#urls.get(mchid)?.url
  }

  setUrl(mchid: string, url: string | undefined): void {
    if (url === undefined) this.#urls.delete(mchid)
    else this.#urls.set(mchid, { url })
  }

  /** Logs an action on a complaint and notifies it. @throws ApiError unless the state allows it. */
  happen(complaint: Complaint, event: ComplaintEvent, now: EpochMilliseconds, statement: Statement = {}): string {
    const said = `${complaint.no}/${statement.id}`
    const known = statement.id === undefined ? undefined : this.#statements.get(keyOf(complaint.mchid, said))
    if (known) return known.id
    this.move(complaint, event, now)
    const id = this.#log(complaint, event, now, statement)
    if (statement.id !== undefined) this.#statements.set(keyOf(complaint.mchid, said), { id })
    const notify_url = this.urlOf(complaint.mchid)
    if (notify_url !== undefined) {
      this.#book.announce({
        event_type: 'COMPLAINT.STATE_CHANGE',
        notify_url,
        recipient: complaint.mchid,
        summary: '投诉状态变化',
        resource: { complaint_id: complaint.no, action_type: event },
      })
    }
    return id
  }

  /** Newest first. */
  logsOf(complaint: Complaint): readonly Log[] {
    return this.#logs.get(keyOf(complaint.mchid, complaint.no))?.list.toReversed() ?? []
  }

  /** Whether all of the order was refunded. */
  isRefunded({ mchid, request }: Complaint): boolean {
    const order = this.#orders.findByTransactionId(mchid, request.transaction_id ?? '')
    return order !== undefined && order.refunded === order.request.amount.total
  }

  // Takes the fields of the complaint; the other ones belong to the notification.
  #begin(mchid: string, given: Readonly<Record<string, unknown>>, now: EpochMilliseconds) {
    const { complaint_id, transaction_id, out_trade_no, ...fields } = given
    const number = stringOf(transaction_id) ?? stringOf(out_trade_no)
    const paid = this.#orders.paidBy(mchid)
    const order =
      number === undefined
        ? paid.at(-1)
        : paid.find(({ request, payment }) => [request.out_trade_no, payment.transactionId].includes(number))
    if (number !== undefined && !order) {
      throw new InvalidArgumentError(
        `\`override\` must name a paid order by \`out_trade_no\` or \`transaction_id\`; got '${number}'. Pay the order first.`,
      )
    }
    const { complaint_detail, problem_description, problem_type, apply_refund_amount, ...more } = fields
    const { payer_phone, payer_openid, ...rest } = more
    const complaint = this.place(
      mchid,
      stringOf(complaint_id) ?? this.#book.number('2002018', now, 6),
      {
        complaint_detail: stringOf(complaint_detail) ?? '商家未发货，也联系不上',
        problem_description: stringOf(problem_description) ?? '未收到商品',
        problem_type: stringOf(problem_type) ?? 'REFUND',
        apply_refund_amount: Number(apply_refund_amount ?? order?.request.amount.total ?? 0),
        payer_phone: stringOf(payer_phone) ?? '18500000000',
        payer_openid: stringOf(payer_openid) ?? order?.payment.openid,
        transaction_id: order?.payment.transactionId,
        out_trade_no: order?.request.out_trade_no,
        amount: order?.request.amount.total ?? 0,
        complainted_mchid: order ? payeeOf(order) : mchid,
      },
      now,
    )
    this.#log(complaint, 'CREATE_COMPLAINT', now, { details: complaint.request.complaint_detail })
    return { complaint_id: complaint.no, action_type: 'CREATE_COMPLAINT', ...rest }
  }

  #goOn(mchid: string, given: Readonly<Record<string, unknown>>, now: EpochMilliseconds) {
    const { complaint_id, action_type = 'USER_RESPONSE', operate_details, ...rest } = given
    const number = stringOf(complaint_id)
    const complaint = number === undefined ? this.of(mchid).at(-1) : this.seek(mchid, number)
    const event = EVENTS.find(name => name === action_type)
    if (complaint && event) {
      this.move(complaint, event, now)
      this.#log(complaint, event, now, { details: stringOf(operate_details) })
    }
    return { ...(complaint && { complaint_id: complaint.no }), ...(number && { complaint_id }), action_type, ...rest }
  }

  #log(complaint: Complaint, action: Action, now: EpochMilliseconds, { details, images }: Statement = {}): string {
    const key = keyOf(complaint.mchid, complaint.no)
    const log: Log = {
      log_id: this.#book.number('3002018', now, 6),
      operator: operatorOf(action),
      operate_time: beijingTime(now),
      operate_type: ACTIONS[action],
      ...(details !== undefined && { operate_details: details }),
      ...(images && { images }),
    }
    this.#logs.set(key, { list: [...(this.#logs.get(key)?.list ?? []), log] })
    return log.log_id
  }
}

function operatorOf(action: Action): string {
  if (action.startsWith('MERCHANT')) return '商家'
  return action.includes('PLATFORM') || action === 'REFUND_SUCCESS' ? '系统' : '投诉人'
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
