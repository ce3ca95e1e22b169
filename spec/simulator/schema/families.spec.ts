import { describe, expect, it } from 'vitest'
import { operationsOf } from '../../../lib/simulator/schema/catalogue.js'
import { familyOf, keysOf, merchantNumbersOf } from '../../../lib/simulator/schema/families.js'

function operation(name: string) {
  const [method, path] = name.split(' ')
  const found = operationsOf('v3').find(candidate => candidate.method === method && candidate.path === path)
  return found ?? expect.fail(`${name} is not in the catalogue`)
}

describe('what a path names', () => {
  it.each([
    ['GET /v3/transfer/batches/out-batch-no/{out_batch_no}', ['out_batch_no'], ['/v3/transfer/batches']],
    ['GET /v3/transfer/batches/batch-id/{batch_id}', ['batch_id'], ['/v3/transfer/batches']],
    ['POST /v3/payscore/payafter-orders/{out_order_no}/complete', ['out_order_no'], ['/v3/payscore/payafter-orders']],
    ['GET /v3/ecommerce/refunds/out-refund-no/{out_refund_no}', ['out_refund_no'], ['/v3/ecommerce/refunds/apply']],
    ['GET /v3/brand/profitsharing/returnorders', ['out_return_no'], ['/v3/brand/profitsharing/returnorders']],
    [
      'GET /v3/papay/sign/contracts/plan-id/{plan_id}/out-contract-code/{out_contract_code}',
      ['plan_id', 'out_contract_code'],
      ['/v3/papay/sign/contracts/pre-entrust-sign'],
    ],
    [
      'GET /v3/abnormal-fund-processing/receipts/{receipt_id}/transfer-instructions/{out_instruction_no}',
      ['out_instruction_no'],
      ['/v3/abnormal-fund-processing/receipts/{receipt_id}/transfer-instructions'],
    ],
  ])('%s: %s, from %s', (name, names, sources) => {
    expect(familyOf(operation(name))).toEqual({ names, sources })
  })

  it.each([
    ['a merchant', 'GET /v3/ecommerce/fund/balance/{sub_mchid}'],
    ['what WeChat Pay creates by itself', 'GET /v3/merchant-service/complaints-v2/{complaint_id}'],
    ['a kind of account', 'GET /v3/merchant/fund/balance/{account_type}'],
    ['nothing, of a list', 'GET /v3/merchant-service/complaints-v2'],
  ])('%s is not created by a call: %s', (_what, name) => {
    expect(familyOf(operation(name)).sources).toEqual([])
  })
})

it('a created thing is found by the numbers of both sides', () => {
  expect(keysOf(operation('POST /v3/transfer/batches')).toSorted()).toEqual(['batch_id', 'out_batch_no'])
  expect(keysOf(operation('POST /v3/security/echo'))).toEqual([])
})

it('a merchant number is that of the request or of what it creates, and of nothing that it refers to', () => {
  expect(merchantNumbersOf(operation('POST /v3/transfer/batches'))).toEqual(['out_batch_no'])
  expect(merchantNumbersOf(operation('POST /v3/marketing/busifavor/coupons/use'))).toEqual(['use_request_no'])
  expect(merchantNumbersOf(operation('POST /v3/profitsharing/return-orders'))).toEqual(['out_return_no'])
  expect(merchantNumbersOf(operation('POST /v3/gov/subsidy/transactions/sync'))).toEqual([])
})
