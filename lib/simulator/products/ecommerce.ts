/** The endpoints of platforms: balances, withdrawals, subsidies, fees, and refunds that the platform has advanced. */
import { beijingTime } from '../../util/beijing-time.js'
import { alsoAt, type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import { ACCOUNT_TYPES, type AccountType, dayOf } from '../ledger/accounts.js'
import { describeFee } from '../ledger/after-sales.js'
import type { Ledger } from '../ledger/ledger.js'
import { parameterError } from '../ledger/problem.js'
import type { AdvanceReturn } from '../ledger/subsidies.js'
import { describeDayEnd, describeWithdrawal, type WithdrawalRequest } from '../ledger/withdrawals.js'
import type { Schema } from '../schema/catalogue.js'

const DAY_END = '/v3/platsolution/ecommerce/withdraw/day-end-balance-withdraw'

/** The documents limit it to 800 million yuan in prose. */
const WITHDRAWING: Schema = {
  properties: {
    out_request_no: { pattern: '^[0-9A-Za-z]{1,32}$' },
    amount: { minimum: 1, maximum: 80_000_000_000 },
    remark: { maxLength: 56 },
    bank_memo: { maxLength: 32 },
    account_type: { enum: ACCOUNT_TYPES, 'x-closed': true },
  },
}

/** At most 5,000 yuan. */
const SUBSIDIZING: Schema = {
  properties: {
    amount: { minimum: 1, maximum: 500_000 },
    description: { minLength: 1, maxLength: 80 },
    out_order_no: { pattern: '^[0-9A-Za-z_\\-|*@]{1,64}$' },
  },
}

type Sources = Pick<Ledger, 'accounts' | 'withdrawals' | 'subsidies' | 'afterSales'>
type WithdrawalBody = Omit<WithdrawalRequest, 'account_type'> & { account_type?: string | undefined }

export function ecommerceEndpoints(ledger: Sources): readonly Endpoint[] {
  const { accounts, withdrawals, subsidies, afterSales } = ledger
  const balanceOf = (mchid: string, given: string | null, now: number) => {
    const account = accountOf(given)
    if (!account) return { available_amount: 0, pending_amount: 0 }
    const available_amount = accounts.available(mchid, account, now)
    return { available_amount, pending_amount: accounts.balance(mchid, account) - available_amount }
  }
  const dayEndBalanceOf = (mchid: string, given: string | null, call: Call) => {
    const account = accountOf(given)
    return { available_amount: account ? accounts.balanceAfter(mchid, account, requireDate(call)) : 0 }
  }
  const withdraw = ({ merchant, body, now, respond }: Call<WithdrawalBody>) => {
    const request = { ...body, account_type: accountOf(body.account_type) }
    return respond({ withdraw_id: withdrawals.withdraw(merchant.mchid, request, now).id })
  }
  const withdrawal = (name: string) => (call: Call) => {
    const { mchid } = call.merchant
    const number = readParam(call, name)
    const sub = call.query.get('sub_mchid') ?? undefined
    const row = name === 'withdraw_id' ? withdrawals.find(mchid, number) : withdrawals.findBy(mchid, number, sub)
    return ok(describeWithdrawal(row))
  }
  const placing = { rules: WITHDRAWING, numbers: 'ledger' } as const
  const subsidizing = { rules: SUBSIDIZING, numbers: 'ledger' } as const
  return [
    endpoint('get /v3/ecommerce/fund/balance/{sub_mchid}', call => {
      const account_type = call.query.get('account_type')
      const sub_mchid = readParam(call, 'sub_mchid')
      return call.respond({ ...balanceOf(sub_mchid, account_type, call.now), ...(account_type && { account_type }) })
    }),
    endpoint('get /v3/ecommerce/fund/enddaybalance/{sub_mchid}', call => {
      const account_type = call.query.get('account_type')
      const sub_mchid = readParam(call, 'sub_mchid')
      return call.respond({ ...dayEndBalanceOf(sub_mchid, account_type, call), ...(account_type && { account_type }) })
    }),
    endpoint('get /v3/merchant/fund/balance/{account_type}', call =>
      ok(balanceOf(call.merchant.mchid, readParam(call, 'account_type'), call.now)),
    ),
    endpoint('get /v3/merchant/fund/dayendbalance/{account_type}', call =>
      ok(dayEndBalanceOf(call.merchant.mchid, readParam(call, 'account_type'), call)),
    ),

    ...alsoAt(
      '/v3/ecommerce/fund',
      ['/v3/merchant/fund'],
      [
        endpoint('post /v3/ecommerce/fund/withdraw', withdraw, placing),
        endpoint('get /v3/ecommerce/fund/withdraw/out-request-no/{out_request_no}', withdrawal('out_request_no')),
      ],
    ),
    endpoint('get /v3/ecommerce/fund/withdraw/{withdraw_id}', withdrawal('withdraw_id')),
    endpoint('get /v3/merchant/fund/withdraw/withdraw-id/{withdraw_id}', withdrawal('withdraw_id')),
    endpoint(
      `post ${DAY_END}`,
      ({ merchant, body, now }) => ok(describeDayEnd(withdrawals.withdrawDayEnd(merchant.mchid, body, now))),
      placing,
    ),
    endpoint(`get ${DAY_END}/out-request-no/{out_request_no}`, ({ merchant, params, query }) => {
      const sub = query.get('sub_mchid') ?? undefined
      return ok(describeDayEnd(withdrawals.findBy(merchant.mchid, params.out_request_no ?? '', sub)))
    }),

    endpoint(
      'post /v3/ecommerce/subsidies/create',
      ({ merchant, body, now, respond }) => {
        const { id, state, created } = subsidies.create(merchant.mchid, body, now)
        const number = body.out_subsidy_no && { out_subsidy_no: body.out_subsidy_no }
        return respond({ subsidy_id: id, result: state, success_time: beijingTime(created), ...number })
      },
      subsidizing,
    ),
    endpoint(
      'post /v3/ecommerce/subsidies/return',
      ({ merchant, body, now, respond }) => {
        const { id, state, created } = subsidies.takeBack(merchant.mchid, body, now)
        return respond({ subsidy_refund_id: id, result: state, success_time: beijingTime(created) })
      },
      subsidizing,
    ),
    endpoint('post /v3/ecommerce/subsidies/cancel', ({ merchant, body, respond }) => {
      subsidies.cancel(merchant.mchid, body.transaction_id)
      return respond({ result: 'SUCCESS' })
    }),
    endpoint(
      'post /v3/ecommerce/profitsharing/after-sales-orders',
      ({ merchant, body, now }) => ok(describeFee(afterSales.charge(merchant.mchid, body, now))),
      { rules: { properties: { amount: { minimum: 1 } } }, numbers: 'ledger' },
    ),
    endpoint('get /v3/ecommerce/profitsharing/after-sales-orders', ({ merchant, query }) =>
      ok(describeFee(afterSales.find(merchant.mchid, query.get('transaction_id') ?? ''))),
    ),
    endpoint('post /v3/ecommerce/refunds/{refund_id}/return-advance', call =>
      ok(describeAdvance(subsidies.returnAdvance(call.merchant.mchid, readParam(call, 'refund_id'), call.now))),
    ),
    endpoint('get /v3/ecommerce/refunds/{refund_id}/return-advance', call =>
      ok(describeAdvance(subsidies.findAdvance(call.merchant.mchid, readParam(call, 'refund_id')))),
    ),
  ]
}

function describeAdvance({ mchid, no, id, state, request, updated }: AdvanceReturn): object {
  return {
    refund_id: no,
    advance_return_id: id,
    return_amount: request.amount,
    payer_mchid: request.sub_mchid,
    payer_account: 'BASIC',
    payee_mchid: mchid,
    payee_account: 'BASIC',
    result: state,
    ...(state === 'SUCCESS' && { success_time: beijingTime(updated) }),
  }
}

/** Undefined for an account that the ledger does not keep, such as that of deposits. */
function accountOf(given: string | null = null): AccountType | undefined {
  return ACCOUNT_TYPES.find(type => type === (given ?? 'BASIC'))
}

/** Returns `YYYYMMDD`. */
function requireDate({ query, now }: Call): string {
  const value = query.get('date') ?? ''
  const date = value.replaceAll('-', '')
  if (/^\d{4}-\d\d-\d\d$/.test(value) && date < dayOf(now)) return date
  const issue = 'must be a past day in the format YYYY-MM-DD'
  throw parameterError('输入源“/query/date”映射到字段“日期”规则校验失败', {
    field: 'date',
    value,
    issue,
    location: 'query',
  })
}
