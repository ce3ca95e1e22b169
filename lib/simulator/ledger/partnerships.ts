/** Partnerships: the merchants that may send a merchant's coupons. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { Product, type Row } from './product.js'

type PartnershipState = 'ESTABLISHED' | 'TERMINATED'

export interface PartnershipRequest {
  partner: { type: string; appid?: string | undefined; merchant_id?: string | undefined }
  authorized_data: { business_type: string; stock_id?: string | undefined }
}

export type Partnership = Row<PartnershipState, PartnershipRequest>

export class Partnerships extends Product<PartnershipState, 'terminate' | 'build', PartnershipRequest> {
  constructor(book: Book) {
    super(book, 'partnerships', {
      first: 'ESTABLISHED',
      moves: { ESTABLISHED: { terminate: 'TERMINATED' }, TERMINATED: { build: 'ESTABLISHED' } },
      id: { prefix: '', digits: 8 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '合作关系不存在'),
      reused: () => problem(400, 'INVALID_REQUEST', '合作关系已存在'),
      refused: () => problem(400, 'INVALID_REQUEST', '合作关系状态不支持该操作'),
    })
  }

  /** Also possible after it was terminated. */
  build(mchid: string, request: PartnershipRequest, now: EpochMilliseconds): Partnership {
    const row = this.place(mchid, numberOf(request), request, now)
    return row.state === 'TERMINATED' ? this.move(row, 'build', now) : row
  }

  terminate(mchid: string, request: PartnershipRequest, now: EpochMilliseconds): Partnership {
    return this.move(this.find(mchid, numberOf(request)), 'terminate', now)
  }

  /** Whether a merchant lets a different one send its cash coupons: of one stock, or of all. */
  allows(mchid: string, other: string, stockId: string): boolean {
    return this.of(mchid).some(({ state, request: { partner, authorized_data } }) => {
      const isForStock = (authorized_data.stock_id ?? stockId) === stockId
      const isFor = partner.merchant_id === other && authorized_data.business_type === 'FAVOR_STOCK'
      return state === 'ESTABLISHED' && isFor && isForStock
    })
  }
}

function numberOf({ partner, authorized_data }: PartnershipRequest): string {
  const { business_type, stock_id = '' } = authorized_data
  return [partner.type, partner.merchant_id ?? partner.appid, business_type, stock_id].join('/')
}
