/** What profit sharing allows: how much of an order, for how long, and for which reasons a part of it fails. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { PaidOrder } from './order.js'
import { DAY } from './product.js'

/** Ten-thousandths of an order that can be shared with others, as for a merchant who has not agreed to less. */
export const MAX_RATIO = 3000
/** After that, what has not been shared is the merchant's own. */
const FROZEN = 30 * DAY

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

/** Whether parts of an order can still be shared. */
export function isFrozen({ isUnfrozen, payment }: PaidOrder, now: EpochMilliseconds): boolean {
  return !isUnfrozen && now < Date.parse(payment.successTime) + FROZEN
}

/** Fen of an order that can still be shared. */
export function unsplitOf(order: PaidOrder, now: EpochMilliseconds): number {
  const { request, subsidy = 0, refunded, shared, released = 0 } = order
  return isFrozen(order, now) ? request.amount.total + subsidy - refunded - shared - released : 0
}
