/** The endpoints of APIv2 contracts and deductions, of merchants and service providers. APIv3 knows the same contracts. */
import { requireFen, requireFields } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { success, type V2Call } from '../../gateway/v2/message.js'
import type { Contract } from '../../ledger/contract.js'
import { describeV2 } from '../../ledger/contract-notices.js'
import type { Contracts } from '../../ledger/contracts.js'
import type { Orders } from '../../ledger/orders.js'
import { place } from './payments.js'

const PAGE = '<!DOCTYPE html><html><head><title>微信支付</title></head><body></body></html>'

export function papayEndpoints(contracts: Contracts, orders: Orders): readonly V2Endpoint[] {
  const sign = (call: V2Call) => contracts.sign(call.merchant.mchid, contractOf(call), call.now)
  const query = (call: V2Call) => {
    const contract = find(call, contracts)
    return success(call, describe(contracts, contract))
  }
  const terminate = (call: V2Call) => {
    const { contract_termination_remark } = requireFields(call.fields, 'contract_termination_remark')
    const contract = contracts.terminate(find(call, contracts), contract_termination_remark, call.now)
    return success(call, describe(contracts, contract))
  }
  const deduct = (call: V2Call) => {
    const { fields, merchant, now } = call
    const {
      body: description,
      out_trade_no,
      notify_url,
      contract_id,
    } = requireFields(fields, ...(['body', 'out_trade_no', 'notify_url', 'contract_id'] as const))
    const { appid, sub_mch_id, sub_appid, attach, fee_type: currency = 'CNY' } = fields
    const partner = sub_mch_id !== undefined && { sp_appid: appid, sub_mchid: sub_mch_id, sub_appid }
    const amount = { total: requireFen(fields, 'total_fee'), currency }
    const named = { appid, description, out_trade_no, notify_url, contract_id, amount }
    contracts.deduct(merchant.mchid, { ...named, ...(attach && { attach }), ...partner }, now, 'v2')
    return success(call, {})
  }
  const partners = (path: string, partner: string, handle: V2Endpoint['handle']): V2Endpoint[] =>
    [path, partner].map(name => ({ path: name, notFoundCode: 'CONTRACT_NOT_EXIST', handle }))
  return [
    ...partners('/papay/entrustweb', '/papay/partner/entrustweb', call => {
      sign(call)
      return PAGE
    }),
    ...partners('/papay/h5entrustweb', '/papay/partner/h5entrustweb', call =>
      success(call, { redirect_url: `https://payapp.weixin.qq.com/papay/entrust?id=${sign(call).id}` }),
    ),
    ...partners('/papay/preentrustweb', '/papay/partner/preentrustweb', call =>
      success(call, { pre_entrustweb_id: sign(call).id }),
    ),
    ...partners('/papay/querycontract', '/papay/partner/querycontract', query),
    ...partners('/papay/deletecontract', '/papay/partner/deletecontract', terminate),
    ...partners('/pay/pappayapply', '/pay/partner/pappayapply', deduct),
    {
      path: '/pay/contractorder',
      handle: call => {
        const { plan_id, contract_code, request_serial, contract_display_account, out_trade_no } = call.fields
        const { contract_notify_url } = requireFields(call.fields, 'contract_notify_url')
        const contract_info = {
          plan_id,
          contract_code,
          contract_display_account,
          contract_notify_url,
          request_serial,
        }
        return success(call, {
          ...place(call, orders, { contract_info }),
          contract_result_code: 'SUCCESS',
          plan_id,
          contract_code,
          request_serial,
          contract_display_account,
          out_trade_no,
        })
      },
    },
  ]
}

/** The fields of the request, which the schema requires, in the form of APIv3. */
function contractOf({ fields }: V2Call) {
  const { plan_id, contract_code = '', notify_url = '', appid, sub_mch_id, sub_appid, openid } = fields
  const { contract_display_account, request_serial } = fields
  return {
    api: 'v2' as const,
    plan_id: Number(plan_id),
    out_contract_code: contract_code,
    contract_notify_url: notify_url,
    contract_display_account,
    request_serial,
    ...(appid && { appid }),
    ...(sub_mch_id && { sub_mchid: sub_mch_id }),
    ...(sub_appid && { sub_appid }),
    ...(openid && { openid }),
  }
}

/** Finds a contract by WeChat Pay's number, or by the plan and the merchant's number. */
function find({ fields, merchant: { mchid } }: V2Call, contracts: Contracts): Contract {
  const { contract_id, sub_mch_id } = fields
  if (contract_id) return contracts.findSigned(mchid, contract_id, sub_mch_id)
  const { plan_id, contract_code } = requireFields(fields, 'plan_id', 'contract_code')
  return contracts.findSigned(mchid, [plan_id, contract_code], sub_mch_id)
}

function describe(contracts: Contracts, contract: Contract) {
  return describeV2(contract, contracts.describe(contract))
}
