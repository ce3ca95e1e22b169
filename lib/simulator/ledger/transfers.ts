/** Transfers to users: WAIT_USER_CONFIRM until the user confirms. */
import { isDeepStrictEqual } from 'node:util'
import { beijingDigits, beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import { problem } from './problem.js'

/** The body of the request that created the transfer. */
export interface TransferRequest {
  appid: string
  out_bill_no: string
  openid: string
  user_name?: string
  /** Fen. */
  transfer_amount: number
  transfer_remark: string
  transfer_scene_id: string
  notify_url?: string
}

export interface Transfer {
  readonly mchid: string
  readonly request: TransferRequest
  readonly transferBillNo: string
  readonly createTime: string
  updateTime: string
  state: 'WAIT_USER_CONFIRM' | 'SUCCESS'
}

export class Transfers {
  readonly #transfers = new Map<string, Transfer>()

  /**
   * Repeating the same request returns the same transfer.
   *
   * @throws ApiError 400 `ALREADY_EXISTS` when a request reuses an `out_bill_no` with different fields.
   */
  place(mchid: string, request: TransferRequest, now: EpochMilliseconds): Transfer {
    const key = keyOf(mchid, request.out_bill_no)
    const known = this.#transfers.get(key)
    if (known) {
      if (isDeepStrictEqual(known.request, request)) return known
      throw problem(400, 'ALREADY_EXISTS', '商户单号已存在，且请求参数与之前不一致')
    }
    const transfer: Transfer = {
      mchid,
      request,
      transferBillNo: `1330${beijingDigits(now)}${String(this.#transfers.size + 1).padStart(18, '0')}`,
      createTime: beijingTime(now),
      updateTime: beijingTime(now),
      state: 'WAIT_USER_CONFIRM',
    }
    this.#transfers.set(key, transfer)
    return transfer
  }

  /** In the order in which they were created. */
  of(mchid: string): Transfer[] {
    return [...this.#transfers.values()].filter(transfer => transfer.mchid === mchid)
  }

  /** @throws ApiError 404 `NOT_FOUND`. */
  find(mchid: string, outBillNo: string): Transfer {
    const transfer = this.#transfers.get(keyOf(mchid, outBillNo))
    if (transfer === undefined) throw problem(404, 'NOT_FOUND', '记录不存在')
    return transfer
  }

  /**
   * The user confirms and receives the money. Returns undefined when the transfer is already confirmed.
   *
   * @throws ApiError 404 `NOT_FOUND`.
   */
  confirm(mchid: string, outBillNo: string, now: EpochMilliseconds): Transfer | undefined {
    const transfer = this.find(mchid, outBillNo)
    if (transfer.state === 'SUCCESS') return undefined
    transfer.state = 'SUCCESS'
    transfer.updateTime = beijingTime(now)
    return transfer
  }
}

/** The fields of a transfer, as in a query and in the notification. */
export function describeTransfer({ mchid, request, transferBillNo, createTime, updateTime, state }: Transfer) {
  return {
    mch_id: mchid,
    out_bill_no: request.out_bill_no,
    transfer_bill_no: transferBillNo,
    appid: request.appid,
    state,
    transfer_amount: request.transfer_amount,
    transfer_remark: request.transfer_remark,
    openid: request.openid,
    create_time: createTime,
    update_time: updateTime,
  }
}

function keyOf(mchid: string, outBillNo: string): string {
  return `${mchid}/${outBillNo}`
}
