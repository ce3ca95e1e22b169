/** The endpoints of APIv2 that pay users and bank cards. APIv3 knows the same transfers to users. */
import { createHash, createPublicKey, privateDecrypt } from 'node:crypto'
import { clockTime } from '../../bills/day.js'
import { requireFen, requireFields } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { ResultCodeError, success, type V2Call } from '../../gateway/v2/message.js'
import { type BankTransfers, feeOf } from '../../ledger/bank-transfers.js'
import type { Transfers } from '../../ledger/transfers.js'

const FOLDER = '/mmpaymkttransfers'
/** The final states of a transfer in APIv2. */
const STATUSES: Readonly<Record<string, string>> = { SUCCESS: 'SUCCESS', FAIL: 'FAILED', CANCELLED: 'FAILED' }

export function transferEndpoints(transfers: Transfers, banks: BankTransfers): readonly V2Endpoint[] {
  const number = (call: V2Call) => requireFields(call.fields, 'partner_trade_no').partner_trade_no
  const pay = (call: V2Call) => {
    const { fields, merchant, now } = call
    const { openid, desc } = requireFields(fields, 'openid', 'desc')
    const { check_name, re_user_name, mch_appid = '', appid = mch_appid } = fields
    if (check_name === 'FORCE_CHECK' && !re_user_name) throw new ResultCodeError('PARAM_ERROR', '请填写收款用户姓名')
    const request = {
      appid,
      out_bill_no: number(call),
      openid,
      ...(re_user_name && { user_name: re_user_name }),
      transfer_amount: requireFen(fields, 'amount'),
      transfer_remark: desc,
    }
    const row = transfers.payNow(merchant.mchid, request, now)
    return success(call, { partner_trade_no: row.no, payment_no: row.id, payment_time: clockTime(row.updated) })
  }
  const query = (call: V2Call) => {
    const { no, id, state, reason = '', request, created, updated } = transfers.find(call.merchant.mchid, number(call))
    return success(call, {
      partner_trade_no: no,
      detail_id: id,
      status: STATUSES[state] ?? 'PROCESSING',
      reason,
      openid: request.openid,
      transfer_name: request.user_name,
      payment_amount: request.transfer_amount,
      transfer_time: clockTime(created),
      payment_time: clockTime(updated),
      desc: request.transfer_remark,
    })
  }
  const payBank = (call: V2Call) => {
    const { bank_code } = requireFields(call.fields, 'bank_code')
    const request = {
      amount: requireFen(call.fields, 'amount'),
      bank_code,
      desc: call.fields.desc ?? '',
      bank_no_md5: digestOf(call, 'enc_bank_no'),
      true_name_md5: digestOf(call, 'enc_true_name'),
    }
    const row = banks.transfer(call.merchant.mchid, number(call), request, call.now)
    return success(call, {
      partner_trade_no: row.no,
      amount: row.request.amount,
      payment_no: row.id,
      cmms_amt: feeOf(row),
    })
  }
  const queryBank = (call: V2Call) => {
    const row = banks.find(call.merchant.mchid, number(call))
    const { no, id, state, request, created, updated, reason } = row
    return success(call, {
      partner_trade_no: no,
      payment_no: id,
      ...request,
      desc: undefined,
      bank_code: undefined,
      status: state,
      cmms_amt: feeOf(row),
      create_time: clockTime(created),
      pay_succ_time: state === 'SUCCESS' ? clockTime(updated) : undefined,
      reason,
    })
  }
  return [
    { path: `${FOLDER}/promotion/transfers`, handle: pay },
    { path: `${FOLDER}/promotion/paywwsptrans2pocket`, handle: pay },
    { path: `${FOLDER}/gettransferinfo`, notFoundCode: 'NOT_FOUND', handle: query },
    { path: `${FOLDER}/promotion/querywwsptrans2pocket`, notFoundCode: 'NOT_FOUND', handle: query },
    { path: '/risk/getpublickey', handle: call => success(call, { pub_key: publicKeyOf(call) }) },
    { path: '/mmpaysptrans/pay_bank', handle: payBank },
    { path: '/mmpaysptrans/query_bank', notFoundCode: 'ORDERNOTEXIST', handle: queryBank },
  ]
}

function publicKeyOf({ merchant }: V2Call): string {
  return createPublicKey(merchant.platform.bankKey).export({ type: 'pkcs1', format: 'pem' }).toString()
}

/** @throws ResultCodeError unless the field is encrypted with the key of `getpublickey`. */
function digestOf({ fields, merchant }: V2Call, name: string): string {
  try {
    const plain = privateDecrypt(merchant.platform.bankKey, Buffer.from(fields[name] ?? '', 'base64'))
    return createHash('md5').update(plain).digest('hex')
  } catch {
    throw new ResultCodeError('INVALID_REQUEST', `${name}解密失败，请使用获取RSA公钥API的公钥加密`)
  }
}
