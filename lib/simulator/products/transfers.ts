/** Transfers to users: they wait until the user confirms them. */
import { isDeepStrictEqual } from 'node:util'
import { beijingDigits, beijingTime } from '../../util/beijing-time.js'
import { type Endpoint, ok, readJson, readParam } from '../gateway/endpoint.js'
import { problem } from '../ledger/problem.js'

const TRANSFER = {
  type: 'object',
  required: ['appid', 'out_bill_no', 'openid', 'transfer_amount', 'transfer_remark', 'transfer_scene_id'],
  properties: {
    appid: { type: 'string', title: '商户AppID', minLength: 1, maxLength: 32 },
    out_bill_no: { type: 'string', title: '商户单号', pattern: '^[0-9A-Za-z]{1,32}$' },
    openid: { type: 'string', title: '收款用户OpenID', minLength: 1, maxLength: 64 },
    user_name: { type: 'string', title: '收款用户姓名' },
    transfer_amount: { type: 'integer', title: '转账金额', minimum: 1 },
    transfer_remark: { type: 'string', title: '转账备注', minLength: 1, maxLength: 32 },
    transfer_scene_id: { type: 'string', title: '转账场景ID', minLength: 1, maxLength: 36 },
    notify_url: { type: 'string', title: '通知地址', maxLength: 256, pattern: '^https?://[^\\s?#]+$' },
  },
} as const

type TransferRequest = ReturnType<typeof readJson<typeof TRANSFER>>

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
   * The same call again gives the same transfer. `now` in milliseconds.
   *
   * @throws ApiError 400 `ALREADY_EXISTS` for the same number with anything else changed.
   */
  place(mchid: string, request: TransferRequest, now: number): Transfer {
    const key = `${mchid}/${request.out_bill_no}`
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

  /** @throws ApiError 404 `NOT_FOUND`. */
  find(mchid: string, outBillNo: string): Transfer {
    const transfer = this.#transfers.get(`${mchid}/${outBillNo}`)
    if (transfer === undefined) throw problem(404, 'NOT_FOUND', '记录不存在')
    return transfer
  }

  /**
   * The user takes the money; confirming again changes nothing, and gives undefined.
   *
   * @throws ApiError 404 `NOT_FOUND`.
   */
  confirm(mchid: string, outBillNo: string, now: number): Transfer | undefined {
    const transfer = this.find(mchid, outBillNo)
    if (transfer.state === 'SUCCESS') return undefined
    transfer.state = 'SUCCESS'
    transfer.updateTime = beijingTime(now)
    return transfer
  }
}

export function transferEndpoints(transfers: Transfers): readonly Endpoint[] {
  return [
    {
      method: 'POST',
      path: '/v3/fund-app/mch-transfer/transfer-bills',
      handle(call) {
        const { request, transferBillNo, createTime, state } = transfers.place(
          call.merchant.mchid,
          readJson(call, TRANSFER),
          call.now,
        )
        return ok({
          out_bill_no: request.out_bill_no,
          transfer_bill_no: transferBillNo,
          create_time: createTime,
          state,
          ...(state === 'WAIT_USER_CONFIRM' && { package_info: Buffer.from(transferBillNo).toString('base64') }),
        })
      },
    },
    {
      method: 'GET',
      path: '/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}',
      handle: call => ok(describeTransfer(transfers.find(call.merchant.mchid, readParam(call, 'out_bill_no')))),
    },
  ]
}

/** As a query answers, and as the notification tells. */
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
