/** The rules of profit sharing: the maximum share, the time limit, and the reasons for failures. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { paidAmounts } from './discount.js'
import type { PaidOrder } from './order.js'
import { DAY, MINUTE } from './product.js'

/** Ten-thousandths of an order that can be shared with others: the default of WeChat Pay. */
export const MAX_RATIO = 3000
/** After that, the rest belongs to the merchant. For a platform's sub-merchant it takes longer. */
const FROZEN = 30 * DAY
const FROZEN_ON_PLATFORM = 180 * DAY

/** The message for an order without profit sharing: APIv2 has a code of its own for it. */
export const NOT_SHARED = '非分账订单不支持分账'

export const SHARING_FAILURES = [
  'ACCOUNT_ABNORMAL',
  'NO_RELATION',
  'RECEIVER_HIGH_RISK',
  'RECEIVER_REAL_NAME_NOT_VERIFIED',
  'NO_AUTH',
  'RECEIVER_RECEIPT_LIMIT',
  'PAYER_ACCOUNT_ABNORMAL',
  'INVALID_REQUEST',
] as const

export const RETURN_FAILURES = [
  'ACCOUNT_ABNORMAL',
  'BALANCE_NOT_ENOUGH',
  'TIME_OUT_CLOSED',
  'PAYER_ACCOUNT_ABNORMAL',
  'INVALID_REQUEST',
] as const

export type ProcessedState = 'PROCESSING' | 'SUCCESS' | 'FAILED'

/** The states of money that comes back to a merchant or a platform: it arrives after a minute. */
export function processedInAMinute(reasons: readonly string[]) {
  return {
    first: 'PROCESSING',
    moves: { PROCESSING: { succeed: 'SUCCESS', fail: 'FAILED' }, SUCCESS: {}, FAILED: {} },
    ends: { PROCESSING: { after: MINUTE, by: 'succeed' } },
    acts: { settle: { succeed: 'succeed', fail: 'fail', reasons } },
  } as const
}

/** Whether parts of an order can still be shared. */
export function isFrozen({ isUnfrozen, payment, combined, request }: PaidOrder, now: EpochMilliseconds): boolean {
  const isOnPlatform = combined !== undefined && request.sub_mchid !== undefined
  const period = isOnPlatform ? FROZEN_ON_PLATFORM : FROZEN
  return !isUnfrozen && now < Date.parse(payment.successTime) + period
}

/** Fen of an order that can still be shared: 0 if more was refunded than was left. */
export function unsplitOf(order: PaidOrder, now: EpochMilliseconds): number {
  const { request, payment, subsidy = 0, refunded, shared, released = 0 } = order
  // A coupon's discount was not received and is not returned.
  const { isPrepaid = true, returned = 0 } = payment.discount ?? {}
  const { settled } = paidAmounts(request, payment)
  const left = settled + subsidy - (refunded - (isPrepaid ? 0 : returned)) - shared - released
  return isFrozen(order, now) ? Math.max(0, left) : 0
}

/** The number of a part of a share, by the number of the share. */
export function detailIdOf({ id }: { id: string }, index: number): string {
  return `${id}${String(index + 1).padStart(4, '0')}`
}
