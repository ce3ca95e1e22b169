/** A bill that is not there: nothing happened on that day, or it is not made yet. */
import { ApiError } from '../errors.js'

export type UnavailableReason = 'NO_STATEMENT_EXIST' | 'STATEMENT_CREATING'

/**
 * Not a failure: `reason` is `NO_STATEMENT_EXIST` when there is nothing to account for, or `STATEMENT_CREATING` when the
 * bill is being made and the same call succeeds later (`retryable`); bills are ready from about 10:00 the next day.
 */
export class BillUnavailableError extends ApiError {
  readonly reason: UnavailableReason

  constructor(reason: UnavailableReason, { message, code, statusCode, detail, requestId }: ApiError) {
    super(message, { code, statusCode, detail, requestId, retryable: reason === 'STATEMENT_CREATING' })
    this.reason = reason
  }
}

/** WeChat Pay's codes: of APIv3, and the numbers of APIv2. */
const REASONS: ReadonlyMap<string, UnavailableReason> = new Map([
  ['NO_STATEMENT_EXIST', 'NO_STATEMENT_EXIST'],
  ['STATEMENT_CREATING', 'STATEMENT_CREATING'],
  ['20002', 'NO_STATEMENT_EXIST'],
  ['20003', 'STATEMENT_CREATING'],
])

/** The error as it is to be thrown: one of the two, or what it was. */
export function orUnavailable(error: unknown): unknown {
  const reason = error instanceof ApiError ? REASONS.get(error.code) : undefined
  return reason && error instanceof ApiError ? new BillUnavailableError(reason, error) : error
}
