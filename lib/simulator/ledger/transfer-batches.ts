/** Batches of transfers without confirmation: each part succeeds or fails on its own. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import type { Payers } from './payers.js'
import { problem } from './problem.js'
import { MINUTE, Product, type Row, refusals } from './product.js'
import { SOON, TRANSFER_FAILURES } from './transfers.js'

export interface BatchRequest {
  appid?: string | undefined
  sp_appid?: string | undefined
  sub_mchid?: string | undefined
  sub_appid?: string | undefined
  /** The fields of a brand's red packet. */
  brand_id?: number | undefined
  brand_appid?: string | undefined
  template_id?: string | undefined
  out_batch_no: string
  batch_name: string
  batch_remark: string
  /** Fen. */
  total_amount: number
  total_num: number
  transfer_detail_list?: readonly Part[] | undefined
  notify_url?: string | undefined
}

interface Part {
  out_detail_no: string
  /** Fen. */
  transfer_amount: number
  transfer_remark: string
  openid: string
  user_name?: string | undefined
}

type BatchState = 'ACCEPTED' | 'PROCESSING' | 'FINISHED' | 'CLOSED'
type BatchEvent = 'process' | 'finish' | 'close'
export type Batch = Row<BatchState, BatchRequest>
type DetailState = 'PROCESSING' | 'SUCCESS' | 'FAIL'
type DetailEvent = 'arrive' | 'fail'
type DetailRequest = Part & { out_batch_no: string }
export type Detail = Row<DetailState, DetailRequest>

const REFUSALS = refusals('NOT_FOUND', 'ALREADY_EXISTS')
const CLOSING = { finish: 'FINISHED', close: 'CLOSED' } as const

export class TransferBatches {
  readonly #accounts: Accounts
  readonly batches: Product<BatchState, BatchEvent, BatchRequest>
  readonly details: Product<DetailState, DetailEvent, DetailRequest>

  constructor(book: Book, accounts: Accounts, payers: Payers) {
    this.#accounts = accounts
    this.batches = new Product<BatchState, BatchEvent, BatchRequest>(book, 'transfers.batches', {
      first: 'ACCEPTED',
      moves: { ACCEPTED: { process: 'PROCESSING', ...CLOSING }, PROCESSING: CLOSING, FINISHED: {}, CLOSED: {} },
      ends: { ACCEPTED: { after: SOON, by: 'process' }, PROCESSING: { after: MINUTE, by: 'finish' } },
      acts: {
        settle: {
          succeed: 'finish',
          fail: { MERCHANT_REVOCATION: 'close', OVERDUE_CLOSE: 'close', PAYER_ACCOUNT_ABNORMAL: 'close' },
        },
      },
      id: { prefix: '1030', digits: 22 },
      ...REFUSALS,
      happened: (batch, event) => event !== 'process' && this.#end(batch, book),
    })
    this.details = new Product<DetailState, DetailEvent, DetailRequest>(book, 'transfers.details', {
      first: 'PROCESSING',
      moves: { PROCESSING: { arrive: 'SUCCESS', fail: 'FAIL' }, SUCCESS: {}, FAIL: {} },
      acts: { settle: { succeed: 'arrive', fail: 'fail', reasons: TRANSFER_FAILURES } },
      alias: ({ request }) => request.out_detail_no,
      id: { prefix: '1040', digits: 22 },
      ...REFUSALS,
      happened: ({ mchid, request, updated }, event) => {
        if (event === 'arrive') payers.receive(request.openid, request.transfer_amount)
        const batch = this.batches.find(mchid, request.out_batch_no)
        const isOpen = this.batches.can(batch, 'finish') && this.detailsOf(batch).some(isPending)
        if (!isOpen && this.batches.can(batch, 'finish')) this.batches.move(batch, 'finish', updated)
      },
    })
  }

  /**
   * Repeating the same request returns the same batch.
   *
   * @throws ApiError 400 `INVALID_REQUEST` for sums that differ from the parts, 400 `ALREADY_EXISTS` for a number in use,
   *   403 `NOT_ENOUGH` when the merchant has less.
   */
  transfer(mchid: string, request: BatchRequest, now: EpochMilliseconds): Batch {
    const { transfer_detail_list: parts = [], out_batch_no } = request
    const batch = this.batches.place(mchid, out_batch_no, request, now, id => {
      const isTotal = sumOf(parts) === request.total_amount && parts.length === request.total_num
      if (!isTotal) throw problem(400, 'INVALID_REQUEST', '总金额或总笔数与明细不一致')
      this.#post({ mchid, id, no: out_batch_no, request }, -request.total_amount, now)
    })
    for (const part of parts) {
      this.details.place(mchid, `${out_batch_no}/${part.out_detail_no}`, { ...part, out_batch_no }, now)
    }
    return batch
  }

  /** In the order of the request. */
  detailsOf({ mchid, no, request }: Pick<Batch, 'mchid' | 'no' | 'request'>): Detail[] {
    const { transfer_detail_list = [] } = request
    return transfer_detail_list.map(({ out_detail_no }) => this.details.find(mchid, `${no}/${out_detail_no}`))
  }

  /**
   * Finds a detail by either number of the batch and of the detail. @throws ApiError 404 `NOT_FOUND` for one that the
   * batch does not have.
   */
  findDetail(mchid: string, batch: string, number: string): Detail {
    const details = this.detailsOf(this.batches.find(mchid, batch))
    const detail = details.find(({ id, request }) => id === number || request.out_detail_no === number)
    if (detail === undefined) throw REFUSALS.unknown()
    return detail
  }

  describe(batch: Batch) {
    const { mchid, id, request, state, reason, created, updated } = batch
    const { transfer_detail_list: _, notify_url: __, ...known } = request
    const details = this.detailsOf(batch)
    const succeeded = details.filter(detail => detail.state === 'SUCCESS')
    const failed = details.filter(detail => detail.state === 'FAIL')
    return {
      ...known,
      mchid,
      sp_mchid: mchid,
      batch_id: id,
      batch_status: state,
      batch_type: 'API',
      ...(state === 'CLOSED' && { close_reason: reason ?? 'OVERDUE_CLOSE' }),
      success_amount: amountOf(succeeded),
      success_num: succeeded.length,
      fail_amount: amountOf(failed),
      fail_num: failed.length,
      create_time: beijingTime(created),
      update_time: beijingTime(updated),
    }
  }

  describeDetail({ mchid, id, request, state, reason, created, updated }: Detail) {
    const batch = this.batches.find(mchid, request.out_batch_no)
    const { appid, sub_appid } = batch.request
    return {
      ...request,
      mchid,
      sp_mchid: mchid,
      appid: appid ?? sub_appid ?? '',
      username: request.user_name,
      batch_id: batch.id,
      detail_id: id,
      detail_status: batch.state === 'ACCEPTED' && state === 'PROCESSING' ? 'INIT' : state,
      ...(reason !== undefined && { fail_reason: reason }),
      initiate_time: beijingTime(created),
      update_time: beijingTime(updated),
    }
  }

  // The undecided details succeed, or fail with the batch. The money of failed ones is returned.
  #end(batch: Batch, book: Book): void {
    const isClosed = batch.state === 'CLOSED'
    for (const detail of this.detailsOf(batch).filter(isPending)) {
      this.details.move(detail, isClosed ? 'fail' : 'arrive', batch.updated, isClosed ? 'OVERDUE_CLOSE' : undefined)
    }
    const { fail_amount, ...described } = this.describe(batch)
    if (fail_amount > 0) this.#post(batch, fail_amount, batch.updated)
    const { notify_url } = batch.request
    if (notify_url === undefined) return
    const { batch_name: _, batch_remark: __, ...resource } = described
    book.announce({
      event_type: `MCHTRANSFER.BATCH.${isClosed ? 'CLOSED' : 'FINISHED'}`,
      notify_url,
      summary: isClosed ? '商家转账批次关闭通知' : '商家转账批次完成通知',
      resource: { ...resource, fail_amount },
    })
  }

  #post(batch: Pick<Batch, 'mchid' | 'id' | 'no' | 'request'>, amount: number, at: EpochMilliseconds): void {
    const { mchid, id, no, request } = batch
    const business = amount < 0 ? '商家转账' : '商家转账退回'
    this.#accounts.post({ mchid: request.sub_mchid ?? mchid, account: 'OPERATION', at, amount, business, id, no })
  }
}

function isPending({ state }: Detail): boolean {
  return state === 'PROCESSING'
}

function sumOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { transfer_amount }) => sum + transfer_amount, 0)
}

function amountOf(details: readonly Detail[]): number {
  return sumOf(details.map(({ request }) => request))
}
