/** Electronic receipts of successful transfers. They are generated some time after the request. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { MINUTE, Product, type Row, refusals } from './product.js'

export interface ReceiptRequest {
  /** The lines of the receipt. */
  readonly lines: readonly string[]
}

export type Receipt = Row<'GENERATING' | 'FINISHED' | 'FAILED', ReceiptRequest>

export class Receipts extends Product<Receipt['state'], 'finish' | 'fail', ReceiptRequest> {
  constructor(book: Book) {
    super(book, 'receipts', {
      first: 'GENERATING',
      moves: { GENERATING: { finish: 'FINISHED', fail: 'FAILED' }, FINISHED: {}, FAILED: {} },
      ends: { GENERATING: { after: MINUTE, by: 'finish' } },
      acts: { settle: { succeed: 'finish', fail: 'fail' } },
      id: { prefix: '1050', digits: 18 },
      ...refusals('NOT_FOUND', 'ALREADY_EXISTS'),
    })
  }

  /** Repeating it returns the same receipt. @throws ApiError 400 `INVALID_REQUEST` unless the money has arrived. */
  apply(mchid: string, number: string, state: string, facts: object, now: EpochMilliseconds): Receipt {
    if (state !== 'SUCCESS' && state !== 'FINISHED') {
      throw problem(400, 'INVALID_REQUEST', '单据未成功，不能申请电子回单')
    }
    return this.place(mchid, number, { lines: Object.entries(facts).map(([name, value]) => `${name}: ${value}`) }, now)
  }

  describe({ id, state, reason, created, updated }: Receipt) {
    return {
      signature_no: id,
      state,
      signature_status: state === 'GENERATING' ? 'ACCEPTED' : state,
      ...(reason !== undefined && { fail_reason: reason }),
      create_time: beijingTime(created),
      update_time: beijingTime(updated),
    }
  }
}
