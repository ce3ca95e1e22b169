/** The endpoints of APIv2 profit sharing. APIv3 knows the same orders, returns and receivers. */
import { ApiError } from '../../../errors.js'
import { beijingDigits } from '../../../util/beijing-time.js'
import { isRecord } from '../../../util/plain-object.js'
import { requireFen, requireFields } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { ResultCodeError, ReturnCodeError, success, type V2Call } from '../../gateway/v2/message.js'
import type { ProfitSharing, ReceiverRequest, Sharing, SharingReturn } from '../../ledger/sharing.js'
import { detailIdOf, MAX_RATIO, NOT_SHARED } from '../../ledger/sharing-rules.js'

export function sharingEndpoints(sharing: ProfitSharing): readonly V2Endpoint[] {
  const relate =
    (change: 'relate' | 'unrelate') =>
    (call: V2Call): string => {
      const { receiver } = requireFields(call.fields, 'receiver')
      sharing[change](call.merchant.mchid, readReceiver(parse(receiver)), ownerOf(call))
      return success(call, { ...echo(call, 'sub_mch_id', 'sub_appid'), receiver })
    }
  const share = (unfreeze_unsplit: boolean) => (call: V2Call) => {
    const { merchant, now } = call
    const request = { ...named(call), receivers: receiversOf(call), unfreeze_unsplit, owner: ownerOf(call) }
    const row = withOwnCode(() => sharing.share(merchant.mchid, request, now))
    const fields = echo(call, 'sub_mch_id', 'sub_appid', 'brand_mch_id', 'transaction_id', 'out_order_no')
    return success(call, { ...fields, order_id: row.id, status: row.state, receivers: describe(sharing, row) })
  }
  return [
    { path: '/pay/profitsharingaddreceiver', handle: relate('relate') },
    { path: '/pay/profitsharingremovereceiver', handle: relate('unrelate') },
    { path: '/secapi/pay/profitsharing', notFoundCode: 'ORDER_NOT_EXIST', handle: share(true) },
    { path: '/secapi/pay/multiprofitsharing', notFoundCode: 'ORDER_NOT_EXIST', handle: share(false) },
    {
      path: '/secapi/pay/profitsharingfinish',
      notFoundCode: 'ORDER_NOT_EXIST',
      handle(call) {
        const request = { ...named(call), unfreeze_unsplit: true }
        const row = withOwnCode(() => sharing.share(call.merchant.mchid, request, call.now))
        return success(call, { ...echo(call, 'sub_mch_id', 'transaction_id', 'out_order_no'), order_id: row.id })
      },
    },
    {
      path: '/pay/profitsharingquery',
      handle(call) {
        const row = sharing.shares.find(call.merchant.mchid, requireFields(call.fields, 'out_order_no').out_order_no)
        const amount = sharing.unfrozenBy(row)
        return success(call, {
          ...echo(call, 'sub_mch_id', 'transaction_id', 'out_order_no'),
          order_id: row.id,
          status: row.state,
          receivers: describe(sharing, row),
          ...(amount !== undefined && { amount, description: '分账完结' }),
        })
      },
    },
    {
      path: '/secapi/pay/profitsharingreturn',
      handle(call) {
        const { fields, merchant, now } = call
        const { order_id, out_order_no } = fields
        if (!order_id && !out_order_no) throw new ReturnCodeError('缺少参数order_id或out_order_no')
        const row = sharing.takeBack(
          merchant.mchid,
          {
            ...(fields.sub_mch_id && { sub_mchid: fields.sub_mch_id }),
            ...(order_id && { order_id }),
            ...(out_order_no && { out_order_no }),
            ...requireFields(fields, 'out_return_no', 'description'),
            return_mchid: requireFields(fields, 'return_account').return_account,
            amount: requireFen(fields, 'return_amount'),
          },
          now,
        )
        return success(call, describeReturn(sharing, call, row))
      },
    },
    {
      path: '/pay/profitsharingreturnquery',
      handle(call) {
        const { out_return_no } = requireFields(call.fields, 'out_return_no')
        return success(call, describeReturn(sharing, call, sharing.returns.find(call.merchant.mchid, out_return_no)))
      },
    },
    {
      path: '/pay/profitsharingorderamountquery',
      handle(call) {
        const { transaction_id } = requireFields(call.fields, 'transaction_id')
        const unsplit_amount = sharing.unsplit(call.merchant.mchid, transaction_id, call.now)
        return success(call, { transaction_id, unsplit_amount })
      },
    },
    {
      path: '/pay/profitsharingmerchantratioquery',
      handle: call => success(call, { ...echo(call, 'sub_mch_id', 'brand_mch_id'), max_ratio: MAX_RATIO }),
    },
  ]
}

/** @throws ResultCodeError `NOT_SHARE_ORDER` for an order without profit sharing. */
function withOwnCode<Result>(step: () => Result): Result {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof ApiError) || error.message !== NOT_SHARED) throw error
    throw new ResultCodeError('NOT_SHARE_ORDER', NOT_SHARED)
  }
}

function ownerOf({ fields }: V2Call): string | undefined {
  return fields.brand_mch_id ?? fields.sub_mch_id
}

function named({ fields }: V2Call) {
  const { transaction_id, out_order_no } = requireFields(fields, 'transaction_id', 'out_order_no')
  return { ...(fields.sub_mch_id && { sub_mchid: fields.sub_mch_id }), transaction_id, out_order_no }
}

function receiversOf({ fields }: V2Call): ReceiverRequest[] {
  const list = parse(requireFields(fields, 'receivers').receivers)
  if (!Array.isArray(list)) throw new ReturnCodeError('分账接收方列表格式错误')
  return list.map((receiver: unknown) => {
    const { amount, description } = isRecord(receiver) ? receiver : {}
    if (!Number.isSafeInteger(amount) || Number(amount) < 1 || typeof description !== 'string') {
      throw new ReturnCodeError('分账接收方列表格式错误')
    }
    return { ...readReceiver(receiver), amount: Number(amount), description }
  })
}

function readReceiver(value: unknown) {
  const { type, account } = isRecord(value) ? value : {}
  if (typeof type !== 'string' || typeof account !== 'string') throw new ReturnCodeError('分账接收方格式错误')
  return { type, account }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function echo({ fields }: V2Call, ...names: string[]) {
  return Object.fromEntries(names.map(name => [name, fields[name]]))
}

function describe(sharing: ProfitSharing, share: Sharing): string {
  const parts = sharing.resultsOf(share).map(({ receiver, result, reason }, index) => ({
    type: receiver.type,
    account: receiver.account,
    amount: receiver.amount,
    description: receiver.description,
    result,
    ...(share.state === 'FINISHED' && { finish_time: beijingDigits(share.updated) }),
    ...(reason !== undefined && { fail_reason: reason }),
    detail_id: detailIdOf(share, index),
  }))
  return JSON.stringify(parts)
}

function describeReturn(sharing: ProfitSharing, call: V2Call, row: SharingReturn) {
  const share = sharing.shareOf(row)
  return {
    ...echo(call, 'sub_mch_id', 'sub_appid'),
    order_id: share.id,
    out_order_no: share.no,
    out_return_no: row.no,
    return_no: row.id,
    return_account_type: 'MERCHANT_ID',
    return_account: row.request.return_mchid,
    return_amount: row.request.amount,
    description: row.request.description,
    result: row.state,
    fail_reason: row.reason,
    finish_time: row.state === 'PROCESSING' ? undefined : beijingDigits(row.updated),
  }
}
