/** The endpoints of deductions by contract: sign, query, terminate, deduct. */
import { type Call, type Endpoint, endpoint, NO_CONTENT, ok, readParam } from '../gateway/endpoint.js'
import type { ContractRequest, Contracts } from '../ledger/contracts.js'

const PLACING = { numbers: 'ledger' } as const

export function papayEndpoints(contracts: Contracts): readonly Endpoint[] {
  const sign = ({ merchant, body, now, respond }: Call<ContractRequest>) => {
    contracts.sign(merchant.mchid, body, now)
    return respond({})
  }
  return [
    endpoint('post /v3/papay/sign/contracts/pre-entrust-sign', sign, PLACING),
    endpoint('post /v3/papay/scheduled-deduct-sign/contracts/pre-entrust-sign/app', sign, PLACING),
    endpoint('post /v3/papay/scheduled-deduct-sign/contracts/pre-entrust-sign/h5', sign, PLACING),
    endpoint('post /v3/papay/scheduled-deduct-sign/contracts/pre-entrust-sign/jsapi', sign, PLACING),
    endpoint('post /v3/papay/scheduled-deduct-sign/contracts/pre-entrust-sign/mini-program', sign, PLACING),
    endpoint('get /v3/papay/sign/contracts/plan-id/{plan_id}/out-contract-code/{out_contract_code}', call => {
      const { mchid } = call.merchant
      const contract = contracts.findSigned(mchid, readParam(call, 'plan_id'), readParam(call, 'out_contract_code'))
      return ok(contracts.describe(contract))
    }),
    endpoint(
      'post /v3/papay/sign/contracts/plan-id/{plan_id}/out-contract-code/{out_contract_code}/terminate',
      call => {
        const { mchid } = call.merchant
        const contract = contracts.findSigned(mchid, readParam(call, 'plan_id'), readParam(call, 'out_contract_code'))
        return ok(
          contracts.describe(contracts.move(contract, 'terminate', call.now, call.body.contract_termination_remark)),
        )
      },
    ),
    endpoint('post /v3/papay/contracts/{contract_id}/notify', call => {
      contracts.find(call.merchant.mchid, readParam(call, 'contract_id'))
      return NO_CONTENT
    }),
    endpoint(
      'post /v3/papay/pay/transactions/apply',
      ({ merchant, body, now }) => {
        const { request } = contracts.deduct(merchant.mchid, body, now)
        return ok({ out_trade_no: request.out_trade_no, amount: request.amount })
      },
      PLACING,
    ),
  ]
}
