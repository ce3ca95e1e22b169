/** Contracts by which a merchant may deduct money, and the deductions. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import type { Contract, ContractEvent, ContractRequest, ContractState, DeductionRequest } from './contract.js'
import { contractNotice } from './contract-notices.js'
import { DEFAULT_OPENID, type Order, type PaidOrder } from './order.js'
import type { Orders } from './orders.js'
import type { Payments } from './payments.js'
import { problem } from './problem.js'
import { DAY, keyOf, MINUTE, Product, refusals } from './product.js'

/** The merchant's announcement of a deduction to the user. */
interface Announced {
  readonly at: EpochMilliseconds
  /** Fen. */
  readonly total: number
  /** The number of days for the deduction. They begin two days after the announcement. */
  readonly days: number
}

/** The deduction on the day that the contract names. */
interface Schedule {
  readonly total: number
  readonly paid?: EpochMilliseconds
}

const HOUR = 60 * MINUTE
const YEARS = 10

export class Contracts extends Product<ContractState, ContractEvent, ContractRequest> {
  readonly #orders: Orders
  readonly #payments: Payments
  readonly #signed: Map<string, { at: EpochMilliseconds }>
  readonly #remarks: Map<string, { remark: string }>
  readonly #announced: Map<string, Announced>
  readonly #schedules: Map<string, Schedule>
  /** The contract of each deduction, by the key of its order. */
  readonly #deductions: Map<string, { id: string }>

  constructor(book: Book, orders: Orders, payments: Payments) {
    super(book, 'contracts', {
      first: 'SIGNING',
      moves: {
        SIGNING: { confirm: 'SIGNED', fail: 'SIGN_FAILED', refuse: 'REFUSED' },
        SIGNED: { terminate: 'TERMINATED' },
        REFUSED: {},
        SIGN_FAILED: {},
        TERMINATED: {},
      },
      ends: { SIGNED: { at: row => this.expiryOf(row), by: 'terminate', reason: 'SYSTEM_TERMINATE' } },
      acts: {
        confirm: {
          succeed: 'confirm',
          fail: {
            USER_CANCEL: 'refuse',
            SIGN_FAILED: 'fail',
            USER_TERMINATE: 'terminate',
            WEPAY_WEB_TERMINATE: 'terminate',
            CUSTOMER_SERVICE_TERMINATE: 'terminate',
          },
        },
      },
      alias: ({ request }) => request.out_contract_code,
      id: { prefix: '', digits: 18 },
      ...refusals(),
      refused: () => problem(400, 'INVALID_REQUEST', '签约协议状态不支持该操作'),
      happened: (row, event) => {
        if (event === 'confirm') this.#signed.set(keyOf(row.mchid, row.no), { at: row.updated })
        const isNotified = row.request.contract_notify_url !== '' && (event === 'confirm' || event === 'terminate')
        if (isNotified) book.announce(contractNotice(row, this.describe(row)))
      },
    })
    this.#orders = orders
    this.#payments = payments
    this.#signed = book.table('contracts.signed')
    this.#remarks = book.table('contracts.remarks')
    this.#announced = book.table('contracts.announced')
    this.#schedules = book.table('contracts.schedules')
    this.#deductions = book.table('contracts.deductions')
    payments.onPaid((order, now) => {
      this.#signWith(order, now)
      this.#end(order, now)
    })
  }

  /** Starts the signing by the user. Repeating the same request returns the same contract. */
  sign(mchid: string, request: ContractRequest, now: EpochMilliseconds): Contract {
    return this.place(mchid, numberOf(request.plan_id, request.out_contract_code), request, now)
  }

  /**
   * Finds a contract by WeChat Pay's number, or by the plan and the merchant's number.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS` for a contract that has not been signed, or of a different sub-merchant.
   */
  findSigned(mchid: string, number: string | readonly [plan: string, code: string], sub?: string): Contract {
    const contract = this.find(mchid, typeof number === 'string' ? number : numberOf(...number))
    const { state, request } = contract
    const isUnsigned = state === 'SIGNING' || state === 'REFUSED'
    if (isUnsigned || (sub ?? request.sub_mchid) !== request.sub_mchid) throw refusals().unknown()
    return contract
  }

  /** Ends a contract for the merchant. */
  terminate(contract: Contract, remark: string, now: EpochMilliseconds): Contract {
    this.#remarks.set(keyOf(contract.mchid, contract.no), { remark })
    return this.move(contract, 'terminate', now, 'MCH_API_TERMINATE')
  }

  /** Announces a deduction to the user, for the third day or a later one. */
  announce(mchid: string, number: string, total: number, days: number, now: EpochMilliseconds): void {
    const { no } = this.#require(mchid, number)
    this.#announced.set(keyOf(mchid, no), { at: now, total, days })
  }

  /** @throws ApiError 400 `INVALID_REQUEST` unless it is the day before and the amount is that of the contract. */
  schedule(mchid: string, number: string, total: number, now: EpochMilliseconds): Contract {
    const contract = this.#require(mchid, number)
    const { deduct_schedule: planned } = contract.request
    const isDayBefore = planned && dateOf(now + DAY) === planned.estimated_deduct_date
    if (!isDayBefore || total !== planned.estimated_deduct_amount.total) {
      throw problem(400, 'INVALID_REQUEST', '只能在预计扣费日期的前一日，按预计扣费金额预约')
    }
    this.#schedules.set(keyOf(mchid, contract.no), { total })
    return contract
  }

  /**
   * Accepts a deduction, which is made after a minute. Repeating the same request returns the same order.
   *
   * @throws ApiError 403 `CONTRACT_NOT_EXIST` unless the contract is signed, 400 `INVALID_REQUEST` unless the deduction
   *   may be made today, and as for an order.
   */
  deduct(
    mchid: string,
    request: DeductionRequest,
    now: EpochMilliseconds,
    version: 'v2' | 'v3' | 'global' = 'v3',
  ): Order {
    const contract = this.#require(mchid, request.contract_id)
    const { contract_id: _, transaction_notify_url, ...sent } = request
    const { notify_url = transaction_notify_url, appid = contract.request.appid, amount } = sent
    const { out_trade_no, description, attach, sp_appid, sub_mchid, sub_appid } = sent
    const { openid, sp_openid = openid ?? DEFAULT_OPENID } = contract.request
    const partner = sub_mchid !== undefined && { sp_mchid: mchid, sp_appid, sub_mchid, sub_appid, payer: { sp_openid } }
    const placed = {
      ...(partner || { mchid, appid, payer: { openid: openid ?? DEFAULT_OPENID } }),
      out_trade_no,
      description,
      notify_url,
      amount,
      ...(attach && { attach }),
    }
    const known = this.#orders.find(mchid, out_trade_no)
    if (!known) this.#requireDue(contract, amount.total, now)
    const order = this.#orders.place(mchid, 'PAP', placed, now, { version })
    if (order.state !== 'NOTPAY') return order
    this.#deductions.set(keyOf(mchid, out_trade_no), { id: contract.id })
    this.#payments.accept(order, now)
    return order
  }

  /** When it ends by itself: at 8 a.m. on the day after its deduction, or at its own end time. */
  expiryOf({ request, updated }: Contract): EpochMilliseconds {
    const { deduct_schedule, policy_end_date, expired_time } = request
    if (deduct_schedule) return midnightOf(deduct_schedule.estimated_deduct_date) + DAY + 8 * HOUR
    const time = expired_time === undefined ? Number.NaN : Date.parse(expired_time)
    if (!Number.isNaN(time)) return time
    return policy_end_date ? midnightOf(policy_end_date) + DAY : updated + YEARS * 365 * DAY
  }

  describeSchedule(contract: Contract) {
    const { deduct_schedule: planned } = contract.request
    if (!planned) return { schedule_state: 'NO_SCHEDULED' }
    const schedule = this.#schedules.get(keyOf(contract.mchid, contract.no))
    const { paid } = schedule ?? {}
    const isOver = contract.state === 'TERMINATED' && paid === undefined
    const state = paid === undefined ? (schedule ? 'SCHEDULED' : 'NO_SCHEDULED') : 'PAID'
    const { estimated_deduct_date: date } = planned
    return {
      schedule_state: isOver ? 'EXPIRED' : state,
      ...(schedule && {
        deduct_start_date: date,
        deduct_end_date: date,
        scheduled_amount: { total: schedule.total, currency: 'CNY' },
      }),
      ...(schedule && paid && { deduct_amount: { total: schedule.total, currency: 'CNY' }, deduct_date: dateOf(paid) }),
    }
  }

  /** The fields of a contract, as in a query and in the notification. */
  describe(contract: Contract) {
    const { mchid, no, id, request, state, updated, reason } = contract
    const { api: _, contract_notify_url: __, expired_time: ___, deduct_schedule, ...known } = request
    const { openid = DEFAULT_OPENID, sp_openid = DEFAULT_OPENID, sub_mchid } = known
    const signed = this.#signed.get(keyOf(mchid, no))
    return {
      ...known,
      ...(sub_mchid === undefined ? { mchid, openid } : { sp_mchid: mchid, sp_openid }),
      contract_display_account: known.contract_display_account ?? '',
      contract_id: id,
      contract_state: state,
      ...(signed && {
        contract_signed_time: beijingTime(signed.at),
        contract_expired_time: beijingTime(this.expiryOf({ ...contract, updated: signed.at })),
      }),
      ...(deduct_schedule && { deduct_schedule: { ...deduct_schedule, ...this.describeSchedule(contract) } }),
      ...(state === 'TERMINATED' && {
        contract_terminate_info: {
          contract_termination_mode: reason ?? 'SYSTEM_TERMINATE',
          contract_terminated_time: beijingTime(updated),
          contract_termination_remark: this.#remarks.get(keyOf(mchid, no))?.remark ?? '',
        },
      }),
    }
  }

  #require(mchid: string, number: string): Contract {
    const contract = this.seek(mchid, number)
    if (contract?.state === 'SIGNED') return contract
    throw problem(403, 'CONTRACT_NOT_EXIST', '签约协议不存在或已解约，请检查传入的签约协议是否正确')
  }

  #requireDue({ mchid, no, request }: Contract, total: number, now: EpochMilliseconds): void {
    const key = keyOf(mchid, no)
    const { deduct_schedule: planned } = request
    const schedule = this.#schedules.get(key)
    const isScheduled = dateOf(now) === planned?.estimated_deduct_date && total === schedule?.total
    if (planned && !isScheduled) throw problem(400, 'INVALID_REQUEST', '未预约扣费、不在可扣费期，或金额与预约不一致')
    const announced = this.#announced.get(key)
    if (!announced) return
    const waited = dayNumber(now) - dayNumber(announced.at)
    const isDue = waited >= 2 && waited < 2 + announced.days && total <= announced.total
    if (!isDue) throw problem(400, 'INVALID_REQUEST', '不在可扣费期，或金额高于预计扣费金额，请先下发扣费前通知')
  }

  /** Signs the contract that an order asks for, when it is paid. A number that is in use signs nothing. */
  #signWith({ mchid, request, payment, version }: PaidOrder, now: EpochMilliseconds): void {
    const { appid = '', notify_url, contract_info = {} } = request
    const { plan_id, contract_code, contract_display_account, contract_notify_url = notify_url } = contract_info
    if (plan_id === undefined || contract_code === undefined || contract_notify_url === undefined) return
    const [plan, out_contract_code] = [Number(plan_id), contract_code]
    if (this.seek(mchid, numberOf(plan, out_contract_code))) return
    const named = { appid, openid: payment.openid, plan_id: plan, out_contract_code, contract_notify_url }
    const { request_serial } = contract_info
    const api = version === 'v2' && ({ api: 'v2', request_serial } as const)
    this.move(this.sign(mchid, { ...named, contract_display_account, ...api }, now), 'confirm', now)
  }

  /** A successful deduction ends its announcement, or a contract for this day only. */
  #end({ mchid, request }: PaidOrder, now: EpochMilliseconds): void {
    const { id } = this.#deductions.get(keyOf(mchid, request.out_trade_no)) ?? {}
    const contract = id === undefined ? undefined : this.seek(mchid, id)
    if (!contract) return
    const key = keyOf(mchid, contract.no)
    const announced = this.#announced.get(key)
    if (announced) this.#announced.set(key, { ...announced, days: 0 })
    const schedule = this.#schedules.get(key)
    if (!schedule || contract.state !== 'SIGNED') return
    this.#schedules.set(key, { ...schedule, paid: now })
    this.move(contract, 'terminate', now, 'SYSTEM_TERMINATE')
  }
}

function numberOf(planId: number | string, outContractCode: string): string {
  return `${planId}/${outContractCode}`
}

/** `YYYY-MM-DD` in Beijing. */
function dateOf(time: EpochMilliseconds): string {
  return beijingTime(time).slice(0, 10)
}

function midnightOf(date: string): EpochMilliseconds {
  return Date.parse(`${date}T00:00:00+08:00`)
}

function dayNumber(time: EpochMilliseconds): number {
  return Math.floor((time + 8 * HOUR) / DAY)
}
