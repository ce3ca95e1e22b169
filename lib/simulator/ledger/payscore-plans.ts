/** Plans of WeChat Pay Score, which users sign: a service that is used and paid several times. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import type { ServiceOrder, ServiceOrders, ServiceRequest } from './payscore.js'
import { parameterError, problem } from './problem.js'
import { DAY, keyOf, Product, type Row, refusals } from './product.js'

export interface PlanRequest {
  service_id: string
  appid: string
  sub_mchid?: string | undefined
  sub_appid?: string | undefined
  merchant_plan_no: string
  plan_name: string
  /** Days. */
  plan_duration: number
  deduction_quantity: number
  total_original_price: number
  total_actual_price: number
  plan_detail_list?: readonly PlanDetail[] | undefined
}

interface PlanDetail {
  original_price: number
  actual_price: number
  plan_detail_name: string
  plan_discount_description?: string | undefined
}

export interface SignRequest {
  service_id: string
  plan_id: string
  appid: string
  sub_mchid?: string | undefined
  sub_appid?: string | undefined
  openid?: string | undefined
  sub_openid?: string | undefined
  merchant_sign_plan_no: string
  notify_url: string
  sign_plan_detail: readonly { plan_detail_no: number; merchant_plan_detail_no: string }[]
}

export interface UseRequest extends Omit<ServiceRequest, 'out_order_no'> {
  sign_plan_id: string
  plan_detail_no: number
  out_trade_no: string
}

type Plan = Row<'NORMAL' | 'STOP', PlanRequest>
type SignState = 'CREATED' | 'SIGNED' | 'UNSIGNED'
type SignEvent = 'confirm' | 'refuse' | 'stop'
type SignedPlan = Row<SignState, SignRequest>

export class Plans {
  readonly #services: ServiceOrders
  readonly #signed: Map<string, { at: EpochMilliseconds }>
  /** The merchant's reason for stopping a plan. */
  readonly #remarks: Map<string, { remark: string }>
  readonly plans: Product<'NORMAL' | 'STOP', 'stop', PlanRequest>
  readonly signs: Product<SignState, SignEvent, SignRequest>

  constructor(book: Book, services: ServiceOrders) {
    this.#services = services
    this.#signed = book.table('payscore.signed')
    this.#remarks = book.table('payscore.stopped')
    this.plans = new Product<'NORMAL' | 'STOP', 'stop', PlanRequest>(book, 'payscore.plans', {
      first: 'NORMAL',
      moves: { NORMAL: { stop: 'STOP' }, STOP: { stop: 'STOP' } },
      id: { prefix: '01', digits: 16 },
      ...refusals(),
    })
    this.signs = new Product<SignState, SignEvent, SignRequest>(book, 'payscore.signs', {
      first: 'CREATED',
      moves: {
        CREATED: { confirm: 'SIGNED', refuse: 'UNSIGNED', stop: 'UNSIGNED' },
        SIGNED: { refuse: 'UNSIGNED', stop: 'UNSIGNED' },
        UNSIGNED: {},
      },
      acts: { confirm: { succeed: 'confirm', fail: { USER: 'refuse', REVOKE_SERVICE: 'refuse' } } },
      id: { prefix: '02', digits: 16 },
      ...refusals(),
      happened: (row, event) => {
        const key = keyOf(row.mchid, row.no)
        if (event === 'confirm') this.#signed.set(key, { at: row.updated })
        else if (!this.#signed.has(key)) return
        book.announce({
          event_type: event === 'confirm' ? 'PAYSCORE.USER_SIGN_PLAN' : 'PAYSCORE.USER_CANCEL_SIGN_PLAN',
          notify_url: row.request.notify_url,
          summary: event === 'confirm' ? '签约计划成功' : '取消签约计划成功',
          resource: this.describeSign(row),
        })
      },
    })
  }

  /** @throws ApiError 404 for an unknown plan, 400 for one that has been stopped. */
  sign(mchid: string, request: SignRequest, now: EpochMilliseconds): SignedPlan {
    const number = request.merchant_sign_plan_no
    return this.signs.place(mchid, number, request, now, () => {
      if (this.plans.find(mchid, request.plan_id).state === 'STOP')
        throw problem(400, 'INVALID_REQUEST', '支付分计划已停止')
    })
  }

  /** Ends a plan for the merchant. */
  stop(mchid: string, number: string, remark: string | undefined, now: EpochMilliseconds): SignedPlan {
    const row = this.signs.find(mchid, number)
    if (row.state === 'UNSIGNED') return row
    if (remark !== undefined) this.#remarks.set(keyOf(mchid, row.no), { remark })
    return this.signs.move(row, 'stop', now, 'MERCHANT')
  }

  /** @throws ApiError for a plan that the user has not signed, and for a detail with a different number. */
  use(mchid: string, { sign_plan_id, plan_detail_no, out_trade_no, ...request }: UseRequest, now: EpochMilliseconds) {
    const sign = this.signs.find(mchid, sign_plan_id)
    const detail = this.#detailsOf(sign).find(one => one.plan_detail_no === plan_detail_no)
    if (detail?.merchant_plan_detail_no !== out_trade_no) {
      const issue = '与签约计划明细的订单号不一致'
      throw parameterError(issue, { field: '/out_trade_no', value: out_trade_no, issue, location: 'body' })
    }
    if (sign.state !== 'SIGNED') throw problem(400, 'INVALID_REQUEST', '用户未签约或已取消签约')
    const order = this.#services.open(mchid, { ...request, out_order_no: out_trade_no, need_user_confirm: false }, now)
    const { actual_price: total_amount, plan_detail_name: name } = detail
    const said = { total_amount, post_payments: [{ name, amount: total_amount }] }
    return order.state === 'DOING' ? this.#services.complete(order, 'complete', said, now) : order
  }

  describe({ mchid, id, request, state, updated }: Plan) {
    return {
      ...request,
      mchid,
      plan_id: id,
      plan_state: state,
      plan_detail_list: request.plan_detail_list?.map((detail, index) => ({ plan_detail_no: index + 1, ...detail })),
      ...(state === 'STOP' && { stop_mchid: mchid, stop_time: beijingTime(updated) }),
    }
  }

  describeSign(row: SignedPlan) {
    const { notify_url, sign_plan_detail: _, ...request } = row.request
    const { request: plan, created } = this.plans.find(row.mchid, request.plan_id)
    const details = this.#detailsOf(row)
    const signed = this.#signed.get(keyOf(row.mchid, row.no))
    const going = details.find(({ plan_detail_state }) => ['NOT_USED', 'USING'].includes(plan_detail_state))
    const cancelled = row.state === 'UNSIGNED' && {
      cancel_sign_type: row.reason,
      cancel_sign_time: beijingTime(row.updated),
      cancel_reason: this.#remarks.get(keyOf(row.mchid, row.no))?.remark ?? '',
    }
    return {
      ...request,
      mchid: row.mchid,
      merchant_callback_url: notify_url,
      sign_plan_id: row.id,
      going_detail_no: going?.plan_detail_no ?? details.length,
      sign_state: row.state,
      ...(cancelled || { cancel_sign_type: 'NOT_CANCEL' }),
      plan_name: plan.plan_name,
      plan_over_time: beijingTime((signed?.at ?? created) + plan.plan_duration * DAY),
      total_origin_price: plan.total_original_price,
      deduction_quantity: plan.deduction_quantity,
      total_actual_price: plan.total_actual_price,
      signed_detail_list: details,
      ...(signed && { sign_time: beijingTime(signed.at) }),
    }
  }

  /** The state of each part is that of its service order. */
  #detailsOf({ mchid, request }: SignedPlan) {
    const { plan_detail_list = [] } = this.plans.find(mchid, request.plan_id).request
    return plan_detail_list.map((detail, index) => {
      const plan_detail_no = index + 1
      const named = request.sign_plan_detail.find(one => one.plan_detail_no === plan_detail_no)
      const merchant_plan_detail_no = named?.merchant_plan_detail_no ?? ''
      const order = this.#services.seek(mchid, merchant_plan_detail_no)
      return { plan_detail_no, ...detail, merchant_plan_detail_no, ...useOf(order, detail.actual_price) }
    })
  }
}

function useOf(order: ServiceOrder | undefined, actual_pay_price: number) {
  if (order === undefined) return { plan_detail_state: 'NOT_USED' }
  const { id: order_id, state, created, updated } = order
  const known = { order_id, use_time: beijingTime(created) }
  if (state === 'DONE')
    return { plan_detail_state: 'USED', ...known, actual_pay_price, complete_time: beijingTime(updated) }
  if (state === 'REVOKED') {
    return { plan_detail_state: 'SIGN_PLAN_DETAIL_CANCEL', ...known, cancel_time: beijingTime(updated) }
  }
  return { plan_detail_state: 'USING', ...known }
}
