/** The endpoints of deductions by contract, of merchants, service providers and insurers: sign, query, end, deduct. */
import { alsoAt, type Call, type Endpoint, endpoint, NO_CONTENT, readParam } from '../gateway/endpoint.js'
import type { Contract, ContractApi, ContractRequest, DeductionRequest } from '../ledger/contract.js'
import type { Contracts } from '../ledger/contracts.js'

const PLACING = { numbers: 'ledger' } as const
/** The default number of days for an announced deduction. */
const DAYS = 7

interface Owner {
  readonly sub_mchid?: string | undefined
}
type ScheduleCall = Call<{ schedule_amount: { total: number } }>
type EndCall = Call<Owner & { contract_termination_remark: string }>
type AnnounceCall = Call<{
  deduct_duration?: { count: number } | undefined
  estimated_amount: { amount: number }
}>

export function papayEndpoints(contracts: Contracts): readonly Endpoint[] {
  const respond = (call: Call, contract: Contract) => call.respond(contracts.describe(contract))
  const sign = (call: Call<ContractRequest>, api?: ContractApi) => {
    const { merchant, body, now } = call
    const { id } = contracts.sign(merchant.mchid, { ...body, ...(api && { api }) }, now)
    const redirect_url = `https://payapp.weixin.qq.com/papay/entrust?pre_entrustweb_id=${id}`
    return call.respond({ pre_entrustweb_id: id, redirect_url })
  }
  const insure = (call: Call<ContractRequest>) => sign(call, 'insurance')
  const find = (call: Call, sub: string | undefined) =>
    contracts.findSigned(call.merchant.mchid, [readParam(call, 'plan_id'), readParam(call, 'out_contract_code')], sub)
  const query = (call: Call) => respond(call, find(call, call.query.get('sub_mchid') ?? undefined))
  const terminate = (call: EndCall) => {
    const { sub_mchid, contract_termination_remark: remark } = call.body
    return respond(call, contracts.terminate(find(call, sub_mchid), remark, call.now))
  }
  const announce = (call: AnnounceCall) => {
    const { estimated_amount, deduct_duration = { count: DAYS } } = call.body
    const { mchid } = call.merchant
    contracts.announce(mchid, readParam(call, 'contract_id'), estimated_amount.amount, deduct_duration.count, call.now)
    return NO_CONTENT
  }
  const querySchedule = (call: Call) => {
    const sub = call.query.get('sub_mchid') ?? undefined
    const contract = contracts.findSigned(call.merchant.mchid, readParam(call, 'contract_id'), sub)
    return call.respond(contracts.describeSchedule(contract))
  }
  const schedule = (call: ScheduleCall) => {
    const { merchant, body, now } = call
    const { total } = body.schedule_amount
    return call.respond(
      contracts.describeSchedule(contracts.schedule(merchant.mchid, readParam(call, 'contract_id'), total, now)),
    )
  }
  const deduct = (call: Call<DeductionRequest>) => {
    contracts.deduct(call.merchant.mchid, call.body, call.now)
    return call.respond({})
  }
  const scheduled = '/v3/papay/scheduled-deduct-sign'
  const insurance = '/v3/papay/insurance-sign/contracts'
  const signed = 'plan-id/{plan_id}/out-contract-code/{out_contract_code}'
  const pay = '/v3/papay/pay'
  return [
    endpoint('post /v3/papay/sign/contracts/pre-entrust-sign', sign, PLACING),
    ...alsoAt(
      scheduled,
      [`${scheduled}/partner`],
      [
        endpoint(`post ${scheduled}/contracts/pre-entrust-sign/app`, sign, PLACING),
        endpoint(`post ${scheduled}/contracts/pre-entrust-sign/h5`, sign, PLACING),
        endpoint(`post ${scheduled}/contracts/pre-entrust-sign/jsapi`, sign, PLACING),
        endpoint(`post ${scheduled}/contracts/pre-entrust-sign/mini-program`, sign, PLACING),
      ],
    ),
    endpoint(`post ${insurance}/pre-entrust-sign/app`, insure, PLACING),
    endpoint(`post ${insurance}/pre-entrust-sign/h5`, insure, PLACING),
    endpoint(`post ${insurance}/pre-entrust-sign/jsapi`, insure, PLACING),
    endpoint(`post ${insurance}/pre-entrust-sign/mini-program`, insure, PLACING),
    ...alsoAt(
      '/v3/papay/sign/',
      ['/v3/papay/sign/partner/', '/v3/papay/insurance-sign/'],
      [
        endpoint(`get /v3/papay/sign/contracts/${signed}`, query),
        endpoint(`post /v3/papay/sign/contracts/${signed}/terminate`, terminate),
      ],
    ),
    ...alsoAt(
      '/v3/papay',
      ['/v3/partner-papay'],
      [endpoint('post /v3/papay/contracts/{contract_id}/notify', announce)],
    ),
    ...alsoAt(
      pay,
      [`${pay}/partner`],
      [
        endpoint(`get ${pay}/schedules/contract-id/{contract_id}`, querySchedule),
        endpoint(`post ${pay}/schedules/contract-id/{contract_id}/schedule`, schedule),
        endpoint(`post ${pay}/transactions/apply`, deduct, PLACING),
      ],
    ),
    endpoint('post /v3/papay/insurance-pay/transactions/apply', deduct, PLACING),
  ]
}
