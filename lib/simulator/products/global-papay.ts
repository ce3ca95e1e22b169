/** The endpoints of contracts and deductions outside mainland China. They are in the same ledger. */
import { type Call, type Endpoint, endpoint, NO_CONTENT, readParam } from '../gateway/endpoint.js'
import type { Contract, DeductionRequest } from '../ledger/contract.js'
import { describeGlobal } from '../ledger/contract-notices.js'
import type { Contracts } from '../ledger/contracts.js'
import type { Order } from '../ledger/order.js'
import { requireOrder } from '../ledger/order-problems.js'
import type { Orders } from '../ledger/orders.js'
import type { Payments } from '../ledger/payments.js'
import { problem } from '../ledger/problem.js'
import type { Schema } from '../schema/catalogue.js'
import { describe } from './global.js'

/** Rules that the documents give in prose. */
const RULES: Schema = { required: ['plan_id', 'out_contract_code', 'success_notify_url'] }

interface SignRequest {
  readonly appid?: string | undefined
  readonly sp_appid?: string | undefined
  readonly sub_mchid?: string | undefined
  readonly sub_appid?: string | undefined
  readonly openid?: string | undefined
  readonly plan_id?: number | undefined
  readonly out_contract_code?: string | undefined
  readonly user_display_name?: string | undefined
  readonly success_notify_url?: string | undefined
  readonly expired_time?: string | undefined
}

export function globalPapayEndpoints(contracts: Contracts, orders: Orders, payments: Payments): readonly Endpoint[] {
  const sign = (call: Call<SignRequest>) => {
    const { merchant, body, now, respond } = call
    const { plan_id = 0, out_contract_code = '', success_notify_url = '', ...known } = body
    const request = { ...known, plan_id, out_contract_code, contract_notify_url: success_notify_url }
    const { id } = contracts.sign(merchant.mchid, { ...request, api: 'global' }, now)
    const sign_url = `https://payapp.weixin.qq.com/papay/entrust?session_id=${id}`
    return respond({ session_id: id, sign_url, show_code_url: sign_url })
  }
  const respond = (call: Call, contract: Contract) =>
    call.respond(describeGlobal(contract, contracts.describe(contract)))
  const byId = (call: Call) =>
    contracts.findSigned(call.merchant.mchid, readParam(call, 'contract_id'), call.query.get('sub_mchid') ?? undefined)
  const query = (call: Call, found: Order | undefined) => call.respond(describeDeduction(requireOrder(found)))
  const byNumber = (call: Call) => orders.find(call.merchant.mchid, readParam(call, 'out_trade_no'))
  const path = '/v3/global/papay/contracts'
  const numbered = '/v3/global/papay/transactions/out-trade-no/{out_trade_no}'
  const signing = { rules: RULES, numbers: 'ledger' } as const
  return [
    endpoint(`post ${path}/app-pre-entrust-sign`, sign, signing),
    endpoint(`post ${path}/h5-pre-entrust-sign`, sign, signing),
    endpoint(`post ${path}/jsapi-pre-entrust-sign`, sign, signing),
    endpoint(`post ${path}/miniprogram-pre-entrust-sign`, sign, signing),
    endpoint(`post ${path}/web-pre-entrust-sign`, sign, signing),
    endpoint(`get ${path}/{contract_id}`, call => respond(call, byId(call))),
    endpoint(`get ${path}/out-contract-code/{out_contract_code}`, call =>
      respond(call, contracts.findSigned(call.merchant.mchid, readParam(call, 'out_contract_code'))),
    ),
    endpoint(`post ${path}/{contract_id}/terminate`, call => {
      contracts.terminate(byId(call), call.body.termination_note ?? '', call.now)
      return NO_CONTENT
    }),
    endpoint(
      'post /v3/global/papay/transactions',
      call => {
        const { merchant, body, now } = call
        const order = contracts.deduct(merchant.mchid, body satisfies DeductionRequest, now, 'global')
        // The response contains the result.
        const paid = order.payment ? order : payments.deduct(merchant.mchid, body.out_trade_no, now)
        if (!paid) throw problem(403, 'NOT_ENOUGH', '余额不足')
        return query(call, paid)
      },
      { numbers: 'ledger' },
    ),
    endpoint('get /v3/global/papay/transactions/{transaction_id}', call =>
      query(call, orders.findByTransactionId(call.merchant.mchid, readParam(call, 'transaction_id'))),
    ),
    endpoint(`get ${numbered}`, call => query(call, byNumber(call))),
    endpoint(`post ${numbered}/reverse`, call => {
      payments.reverse(requireOrder(byNumber(call)), call.now)
      return NO_CONTENT
    }),
  ]
}

function describeDeduction(order: Order): object {
  const { payment } = order
  return { ...describe(order), ...(payment && { transaction_id: payment.transactionId }) }
}
