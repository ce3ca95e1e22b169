/** A bill that does not exist: there were no transactions on that day, or it has not been generated yet. */
import { ApiError } from '../errors.js'

export type UnavailableReason = 'NO_STATEMENT_EXIST' | 'STATEMENT_CREATING'

/**
 * Not a failure: `reason` is `NO_STATEMENT_EXIST` when the day had no transactions, or `STATEMENT_CREATING` while the bill
 * is being generated and the same call succeeds later (`retryable`). Bills are ready from about 10:00 the next day.
 */
export class BillUnavailableError extends ApiError {
  readonly reason: UnavailableReason

  constructor(reason: UnavailableReason, { message, code, statusCode, detail, requestId }: ApiError) {
    super(message, { code, statusCode, detail, requestId, retryable: reason === 'STATEMENT_CREATING' })
    this.reason = reason
  }
}

/** By WeChat Pay's codes: those of APIv3, and the numbers of APIv2. */
const REASONS: ReadonlyMap<string, UnavailableReason> = new Map([
  ['NO_STATEMENT_EXIST', 'NO_STATEMENT_EXIST'],
  ['STATEMENT_CREATING', 'STATEMENT_CREATING'],
  ['20002', 'NO_STATEMENT_EXIST'],
  ['20003', 'STATEMENT_CREATING'],
])

/** A BillUnavailableError if the error is one of the two, otherwise the error itself. */
export function orUnavailable(error: unknown): unknown {
  const reason = error instanceof ApiError ? REASONS.get(error.code) : undefined
  return reason && error instanceof ApiError ? new BillUnavailableError(reason, error) : error
}
