/** Contracts by which a merchant may deduct money, and the deductions. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { DEFAULT_OPENID, type Order, type PaidOrder } from './order.js'
import type { Orders } from './orders.js'
import { problem } from './problem.js'
import { keyOf, MINUTE, Product, type Row } from './product.js'

type ContractState = 'SIGNING' | 'SIGNED' | 'SIGN_FAILED' | 'TERMINATED'
type ContractEvent = 'confirm' | 'fail' | 'terminate'

export interface ContractRequest {
  appid: string
  openid?: string | undefined
  plan_id: number
  out_contract_code: string
  contract_display_account?: string | undefined
  contract_notify_url: string
  out_user_code?: string | undefined
}

export interface DeductionRequest {
  appid: string
  out_trade_no: string
  description: string
  transaction_notify_url: string
  contract_id: string
  amount: { total: number; currency?: string | undefined }
  attach?: string | undefined
}

export type Contract = Row<ContractState, ContractRequest>

const TASK = 'papay.deduct'

export class Contracts extends Product<ContractState, ContractEvent, ContractRequest> {
  readonly #book: Book
  readonly #orders: Orders
  readonly #signed: Map<string, { at: EpochMilliseconds }>

  constructor(book: Book, orders: Orders) {
    super(book, 'contracts', {
      first: 'SIGNING',
      moves: {
        SIGNING: { confirm: 'SIGNED', fail: 'SIGN_FAILED' },
        SIGNED: { terminate: 'TERMINATED' },
        SIGN_FAILED: {},
        TERMINATED: {},
      },
      acts: { confirm: { succeed: 'confirm', fail: 'fail' } },
      alias: ({ request }) => request.out_contract_code,
      id: { prefix: '', digits: 18 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '签约协议不存在'),
      reused: () => problem(400, 'INVALID_REQUEST', '签约协议号已存在，且请求参数与之前不一致'),
      refused: () => problem(400, 'INVALID_REQUEST', '签约协议状态不支持该操作'),
      happened: (row, event) => {
        if (event === 'confirm') this.#signed.set(keyOf(row.mchid, row.no), { at: row.updated })
        if (event === 'fail') return
        book.announce({
          event_type: event === 'confirm' ? 'ENTRUST.SIGN' : 'ENTRUST.TERMINATE',
          notify_url: row.request.contract_notify_url,
          summary: event === 'confirm' ? '签约成功' : '解约成功',
          resource: this.describe(row),
        })
      },
    })
    this.#book = book
    this.#orders = orders
    this.#signed = book.table('contracts.signed')
    book.on(TASK, (key, at) => {
      const order = orders.findByKey(key)
      if (order?.state === 'ACCEPT') orders.deduct(order.mchid, order.request.out_trade_no, at)
    })
    orders.onPaid((order, now) => this.#signWith(order, now))
  }

  /** The user is led to sign. Repeating the same request returns the same contract. */
  sign(mchid: string, request: ContractRequest, now: EpochMilliseconds): Contract {
    return this.place(mchid, numberOf(request.plan_id, request.out_contract_code), request, now)
  }

  /** @throws ApiError 404 `RESOURCE_NOT_EXISTS` for a contract that has not been signed. */
  findSigned(mchid: string, planId: string, outContractCode: string): Contract {
    const contract = this.find(mchid, numberOf(planId, outContractCode))
    if (contract.state === 'SIGNING') throw problem(404, 'RESOURCE_NOT_EXISTS', '签约协议不存在')
    return contract
  }

  /**
   * Accepts a deduction, which is made after a minute.
   *
   * @throws ApiError 400 `CONTRACT_NOT_EXIST` unless the contract is signed, and as an order does.
   */
  deduct(mchid: string, request: DeductionRequest, now: EpochMilliseconds): Order {
    const contract = this.seek(mchid, request.contract_id)
    if (contract?.state !== 'SIGNED') throw problem(400, 'CONTRACT_NOT_EXIST', '签约协议不存在或已解约')
    const { appid, out_trade_no, description, transaction_notify_url: notify_url, amount, attach } = request
    const { openid = DEFAULT_OPENID } = contract.request
    const placed = { mchid, appid, out_trade_no, description, notify_url, amount, payer: { openid } }
    const order = this.#orders.place(mchid, 'PAP', { ...placed, ...(attach && { attach }) }, now)
    if (order.state !== 'NOTPAY') return order
    this.#orders.accept(order)
    this.#book.later(now + MINUTE, TASK, keyOf(mchid, out_trade_no))
    return order
  }

  /** With the payment of an order that asks for it, its payer signs. A number that is taken signs nothing. */
  #signWith({ mchid, request, payment }: PaidOrder, now: EpochMilliseconds): void {
    const { appid = '', notify_url, contract_info = {} } = request
    const { plan_id, contract_code, contract_display_account, contract_notify_url = notify_url } = contract_info
    if (plan_id === undefined || contract_code === undefined || contract_notify_url === undefined) return
    const [plan, out_contract_code] = [Number(plan_id), contract_code]
    if (this.seek(mchid, numberOf(plan, out_contract_code))) return
    const named = { appid, openid: payment.openid, plan_id: plan, out_contract_code, contract_notify_url }
    this.move(this.sign(mchid, { ...named, contract_display_account }, now), 'confirm', now)
  }

  /** The fields of a contract, as in a query and in the notification. */
  describe({ mchid, no, id, request, state, updated, reason }: Contract) {
    const { contract_notify_url: _, openid = DEFAULT_OPENID, ...known } = request
    const signed = this.#signed.get(keyOf(mchid, no))
    return {
      mchid,
      appid: known.appid,
      plan_id: known.plan_id,
      out_contract_code: known.out_contract_code,
      contract_display_account: known.contract_display_account ?? '',
      ...(known.out_user_code && { out_user_code: known.out_user_code }),
      openid,
      contract_id: id,
      contract_state: state,
      ...(signed && { contract_signed_time: beijingTime(signed.at) }),
      ...(state === 'TERMINATED' && {
        contract_terminate_info: {
          contract_termination_mode: reason === undefined ? 'USER_TERMINATE' : 'MCH_API_TERMINATE',
          contract_terminated_time: beijingTime(updated),
          contract_termination_remark: reason ?? '',
        },
      }),
    }
  }
}

function numberOf(planId: number | string, outContractCode: string): string {
  return `${planId}/${outContractCode}`
}
