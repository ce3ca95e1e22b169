/** The endpoints of coupons that merchants redeem themselves: stocks, codes, users' coupons, subsidies. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, NO_CONTENT, ok, readParam } from '../gateway/endpoint.js'
import type { CouponSubsidies, PayReceipt, ReturnReceipt } from '../ledger/coupon-subsidies.js'
import type {
  MerchantCoupon,
  MerchantCouponEvent,
  MerchantCoupons,
  MerchantSendRequest,
  MerchantStock,
} from '../ledger/merchant-coupons.js'
import { problem } from '../ledger/problem.js'
import type { UploadedCode } from '../ledger/uploaded-codes.js'
import { asksFor, pageOf } from './pages.js'

const PLACING = { numbers: 'ledger' } as const

export function merchantCouponEndpoints(coupons: MerchantCoupons, subsidies: CouponSubsidies): readonly Endpoint[] {
  const stockOf = (call: Call) => coupons.stocks.find(call.merchant.mchid, readParam(call, 'stock_id'))
  const send = (call: Call<MerchantSendRequest>) => {
    const { openid, stock_id, out_request_no, coupon_code } = call.body
    const request = { openid, stock_id, out_request_no, ...(coupon_code && { coupon_code }) }
    const coupon = coupons.send(call.merchant.mchid, request, call.now)
    const sent = { stock_id, out_request_no, coupon_code: coupons.codeOf(coupon) }
    return ok({ ...sent, send_coupon_result: sent })
  }
  const change = (
    { merchant, body, now }: Call<{ coupon_code: string; stock_id?: string | undefined }>,
    event: MerchantCouponEvent,
    done: Record<string, string>,
  ) => coupons.change(coupons.find(merchant.mchid, body.coupon_code, body.stock_id), event, done, now)
  return [
    endpoint(
      'post /v3/marketing/busifavor/stocks',
      ({ merchant, body, now, respond }) => {
        const stock = coupons.stocks.place(merchant.mchid, body.out_request_no, body, now)
        return respond({ stock_id: stock.id, create_time: beijingTime(stock.created) })
      },
      PLACING,
    ),
    endpoint('get /v3/marketing/busifavor/stocks/{stock_id}', call =>
      call.respond(describeStock(coupons, stockOf(call), call.now)),
    ),
    endpoint('patch /v3/marketing/busifavor/stocks/{stock_id}', call => {
      const { out_request_no: _, ...changes } = call.body
      coupons.revise(stockOf(call), changes)
      return NO_CONTENT
    }),
    endpoint('patch /v3/marketing/busifavor/stocks/{stock_id}/budget', call => {
      const { target_max_coupons, target_max_coupons_by_day, current_max_coupons, current_max_coupons_by_day } =
        call.body
      const stock = stockOf(call)
      const { max_coupons, max_coupons_by_day } = coupons.current(stock).stock_send_rule
      const isStale =
        (target_max_coupons && current_max_coupons !== max_coupons) ||
        (target_max_coupons_by_day && current_max_coupons_by_day !== max_coupons_by_day)
      if (isStale) throw problem(400, 'INVALID_REQUEST', '当前批次最大发放个数与实际不一致')
      if (target_max_coupons) coupons.revise(stock, { stock_send_rule: { max_coupons: target_max_coupons } })
      if (target_max_coupons_by_day)
        coupons.revise(stock, { stock_send_rule: { max_coupons_by_day: target_max_coupons_by_day } })
      const limits = coupons.current(stock).stock_send_rule
      return ok({ max_coupons: limits.max_coupons ?? 0, max_coupons_by_day: limits.max_coupons_by_day })
    }),
    endpoint('post /v3/marketing/busifavor/stocks/{stock_id}/couponcodes', call => {
      const { id, request } = stockOf(call)
      if (request.coupon_code_mode !== 'MERCHANT_UPLOAD')
        throw problem(400, 'INVALID_REQUEST', '批次的券code模式不支持上传')
      const { fresh, known, repeated } = coupons.codes.upload(id, call.body.coupon_code_list, call.now)
      return ok({
        stock_id: id,
        total_count: fresh.length + known.length,
        success_count: fresh.length,
        success_codes: fresh,
        success_time: beijingTime(call.now),
        fail_count: known.length,
        exist_codes: known,
        duplicate_codes: repeated,
      })
    }),
    endpoint('get /v3/marketing/busifavor/stocks/{stock_id}/couponcodes', call => {
      const { id } = stockOf(call)
      const status = call.query.get('status')
      const found = coupons.codes.of(id).filter(code => (status ?? stateOf(code)) === stateOf(code))
      return ok({ ...pageOf(call, found, describeCode), stock_id: id })
    }),
    endpoint('get /v3/marketing/busifavor/stocks/{stock_id}/couponcodes/{coupon_code}', call => {
      const code = coupons.codes.find(stockOf(call).id, readParam(call, 'coupon_code'))
      return call.respond({ code_information: describeCode(code) })
    }),
    endpoint('delete /v3/marketing/busifavor/stocks/{stock_id}/couponcodes/{coupon_code}', call => {
      const { id } = stockOf(call)
      coupons.codes.remove(id, readParam(call, 'coupon_code'))
      return ok({ stock_id: id, delete_time: beijingTime(call.now) })
    }),
    endpoint('post /v3/marketing/busifavor/coupons/send', send, PLACING),
    endpoint('post /v3/marketing/busifavor/product-coupons/send', send, PLACING),
    endpoint('post /v3/marketing/busifavor/coupons/use', call => {
      const { openid, use_request_no } = call.body
      const { request } = coupons.find(call.merchant.mchid, call.body.coupon_code, call.body.stock_id)
      if (openid !== undefined && openid !== request.openid)
        throw problem(400, 'INVALID_REQUEST', 'openid与券的用户不一致')
      const time = beijingTime(call.now)
      change(call, 'use', { use_request_no, use_time: time })
      return ok({ stock_id: request.stock_id, openid: request.openid, wechatpay_use_time: time })
    }),
    endpoint('post /v3/marketing/busifavor/coupons/return', call => {
      const return_time = beijingTime(call.now)
      change(call, 'return', {
        return_request_no: call.body.return_request_no,
        return_time,
        use_request_no: '',
        use_time: '',
      })
      return ok({ wechatpay_return_time: return_time })
    }),
    endpoint('post /v3/marketing/busifavor/coupons/deactivate', call => {
      const { deactivate_request_no, deactivate_reason = '' } = call.body
      const deactivate_time = beijingTime(call.now)
      change(call, 'deactivate', { deactivate_request_no, deactivate_time, deactivate_reason })
      return ok({ wechatpay_deactivate_time: deactivate_time })
    }),
    endpoint('post /v3/marketing/busifavor/coupons/associate', ({ merchant, body, now }) => {
      coupons.note(coupons.find(merchant.mchid, body.coupon_code, body.stock_id), {
        associate_out_trade_no: body.out_trade_no,
      })
      return ok({ wechatpay_associate_time: beijingTime(now) })
    }),
    endpoint('post /v3/marketing/busifavor/coupons/disassociate', ({ merchant, body, now }) => {
      const coupon = coupons.find(merchant.mchid, body.coupon_code, body.stock_id)
      if (coupons.doneWith(coupon).associate_out_trade_no !== body.out_trade_no) {
        throw problem(400, 'INVALID_REQUEST', '券未关联该订单')
      }
      coupons.note(coupon, { associate_out_trade_no: '' })
      return ok({ wechatpay_disassociate_time: beijingTime(now) })
    }),
    endpoint('get /v3/marketing/busifavor/users/{openid}/coupons', call => {
      const openid = readParam(call, 'openid')
      const found = coupons.sentTo(openid).filter(coupon => {
        const stock = coupons.stockOf(coupon)
        return (
          asksFor(call, 'stock_id', stock.id) &&
          asksFor(call, 'coupon_state', coupon.state) &&
          asksFor(call, 'creator_merchant', stock.mchid) &&
          asksFor(call, 'belong_merchant', stock.request.belong_merchant) &&
          asksFor(call, 'sender_merchant', coupon.mchid)
        )
      })
      return ok(pageOf(call, found, coupon => describeCoupon(coupons, coupon)))
    }),
    endpoint('get /v3/marketing/busifavor/users/{openid}/coupons/{coupon_code}/appids/{appid}', call => {
      const coupon = coupons.find(call.merchant.mchid, readParam(call, 'coupon_code'))
      if (coupon.request.openid !== readParam(call, 'openid')) throw problem(404, 'RESOURCE_NOT_EXISTS', '券不存在')
      return call.respond(describeCoupon(coupons, coupon))
    }),
    endpoint('post /v3/marketing/busifavor/callbacks', ({ merchant, body, now, respond }) => {
      const { mchid = merchant.mchid, notify_url } = body
      coupons.setCallback(mchid, notify_url)
      return respond({ update_time: beijingTime(now), notify_url, mchid })
    }),
    endpoint('get /v3/marketing/busifavor/callbacks', ({ query }) => {
      const mchid = query.get('mchid') ?? ''
      const notify_url = coupons.callback(mchid)
      if (notify_url === undefined) throw problem(404, 'RESOURCE_NOT_EXISTS', '未设置事件通知地址')
      return ok({ notify_url, mchid })
    }),
    ...subsidyEndpoints(subsidies),
  ]
}

function subsidyEndpoints(subsidies: CouponSubsidies): readonly Endpoint[] {
  return [
    endpoint(
      'post /v3/marketing/busifavor/subsidy/pay-receipts',
      ({ merchant, body, now }) => ok(describeReceipt(subsidies.pay(merchant.mchid, body, now))),
      PLACING,
    ),
    endpoint('get /v3/marketing/busifavor/subsidy/pay-receipts', ({ merchant, query }) => {
      const found = subsidies.receipts
        .of(merchant.mchid)
        .filter(
          ({ no, request }) =>
            request.stock_id === query.get('stock_id') &&
            request.coupon_code === query.get('coupon_code') &&
            (query.get('out_subsidy_no') ?? no) === no,
        )
      return ok({ pay_receipt_list: found.map(describeReceipt) })
    }),
    endpoint('get /v3/marketing/busifavor/subsidy/pay-receipts/{subsidy_receipt_id}', call =>
      ok(describeReceipt(subsidies.receipts.find(call.merchant.mchid, readParam(call, 'subsidy_receipt_id')))),
    ),
    endpoint(
      'post /v3/marketing/busifavor/subsidy/return-receipts',
      ({ merchant, body, now }) => ok(describeReturn(subsidies, subsidies.giveBack(merchant.mchid, body, now))),
      PLACING,
    ),
    endpoint('get /v3/marketing/busifavor/subsidy/return-receipts/{subsidy_return_receipt_id}', call => {
      const row = subsidies.returns.find(call.merchant.mchid, readParam(call, 'subsidy_return_receipt_id'))
      return ok(describeReturn(subsidies, row))
    }),
  ]
}

function describeReceipt({ id, request, state, reason, created, updated }: PayReceipt): object {
  return {
    ...request,
    subsidy_receipt_id: id,
    status: state,
    ...(reason && { fail_reason: reason }),
    ...(state !== 'ACCEPTED' && state !== 'FAIL' && { success_time: beijingTime(updated) }),
    create_time: beijingTime(created),
  }
}

function describeReturn(subsidies: CouponSubsidies, row: ReturnReceipt): object {
  const { id, request, state, reason, created, updated } = row
  return {
    ...request,
    subsidy_return_receipt_id: id,
    subsidy_receipt_id: subsidies.receiptOf(row).id,
    status: state,
    ...(reason && { fail_reason: reason }),
    ...(state === 'SUCCESS' && { return_done_time: beijingTime(updated) }),
    return_create_time: beijingTime(created),
  }
}

function describeStock(coupons: MerchantCoupons, stock: MerchantStock, now: number): object {
  const { out_request_no: _, ...request } = coupons.current(stock)
  const codes = coupons.codes.of(stock.id)
  const sent = coupons.sentOf(stock.id)
  const today = sent.filter(({ created }) => beijingTime(created).slice(0, 10) === beijingTime(now).slice(0, 10))
  return {
    ...request,
    stock_id: stock.id,
    stock_state: stock.state,
    coupon_code_count: { total_count: codes.length, available_count: codes.filter(code => !code.dispatched).length },
    send_count_information: { total_send_num: sent.length, today_send_num: today.length },
  }
}

function describeCoupon(coupons: MerchantCoupons, coupon: MerchantCoupon): object {
  const {
    out_request_no: _,
    stock_send_rule: __,
    coupon_code_mode: ___,
    subsidy: ____,
    ...stock
  } = coupons.current(coupons.stockOf(coupon))
  const { begin, end } = coupons.validity(coupon)
  const done = Object.entries(coupons.doneWith(coupon)).filter(([, value]) => value !== '')
  return {
    ...stock,
    stock_id: coupon.request.stock_id,
    coupon_code: coupons.codeOf(coupon),
    coupon_state: coupon.state,
    send_request_no: coupon.request.out_request_no,
    available_start_time: beijingTime(begin),
    expire_time: beijingTime(end),
    receive_time: beijingTime(coupon.created),
    ...Object.fromEntries(done),
  }
}

function stateOf({ dispatched }: UploadedCode): string {
  return dispatched === undefined ? 'AVAILABLE' : 'DISPATCHED'
}

function describeCode(code: UploadedCode): object {
  const { openid, dispatched } = code
  return {
    code: code.code,
    code_status: stateOf(code),
    upload_time: beijingTime(code.at),
    ...(dispatched !== undefined && { dispatched_time: beijingTime(dispatched), openid, coupon_code: code.code }),
  }
}
