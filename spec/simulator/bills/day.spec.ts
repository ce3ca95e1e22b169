import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import * as Bill from '../../../lib/bill/index.js'
import { failure, readAll } from '../../async.js'
import { pick, seeded } from '../../seeded.js'
import { appid, number, openShop } from '../stories/shop.js'

const shop = await openShop({ bills: { parts: 2 } })
const { simulator, wxpay, mchid, day } = shop
const [SUB, RECEIVER] = ['1900000301', '1900000302']
const random = seeded(20_261_128)
const below = (limit: number) => Math.floor(random() * limit)
const sum = (fens: readonly number[]) => fens.reduce((total, fen) => total + fen, 0)
const sumOf = (rows: readonly Record<string, string | undefined>[], title: string) =>
  sum(rows.map(row => Bill.fen(row[title] ?? '')))
const yuan = (fen: number) => (fen / 100).toFixed(2)

/** What the spec itself knows of the day, in fen. */
const own = {
  paid: [] as { out_trade_no: string; transaction_id: string; total: number; sub: boolean }[],
  refunded: [] as { out_refund_no: string; fen: number; sub: boolean; state: string }[],
  shared: [] as number[],
  returned: [] as number[],
  transferred: [] as number[],
  givenBack: [] as number[],
  rented: [] as number[],
}

async function sell(sub: boolean): Promise<void> {
  const total = 100 + below(10_000)
  const order = {
    description: '商品',
    out_trade_no: number('DAY'),
    notify_url: 'https://shop.example/',
    amount: { total },
  }
  if (sub) {
    const json = { ...order, sp_appid: appid, sp_mchid: mchid, sub_mchid: SUB, settle_info: { profit_sharing: true } }
    await wxpay.v3.pay.partner.transactions.native.post({ json })
  } else await wxpay.v3.pay.transactions.native.post({ json: { ...order, appid, mchid } })
  // Some orders are never paid: they are in no bill.
  if (below(6) === 0) return
  const { out_trade_no } = order
  const { transaction_id } = simulator.pay(out_trade_no)
  own.paid.push({ out_trade_no, transaction_id, total, sub })
}

async function refund({ out_trade_no, total, sub }: (typeof own.paid)[number]): Promise<void> {
  const fen = 1 + below(Math.floor(total / 3))
  const out_refund_no = number('BACK')
  const json = { out_trade_no, out_refund_no, amount: { refund: fen, total, currency: 'CNY' } }
  await wxpay.v3.refund.domestic.refunds.post({ json: sub ? { ...json, sub_mchid: SUB } : json })
  const state = pick(['SUCCESS', 'CLOSED', 'ABNORMAL'], random)
  simulator.settle(out_refund_no, state === 'SUCCESS' ? {} : { fail: state })
  own.refunded.push({ out_refund_no, fen, sub, state })
}

async function share({ transaction_id, total }: (typeof own.paid)[number]): Promise<void> {
  const amount = 1 + below(Math.floor(total / 5))
  const out_order_no = number('SHARE')
  const receivers = [{ type: 'MERCHANT_ID', account: RECEIVER, amount, description: '分账' }]
  const json = { sub_mchid: SUB, appid, transaction_id, out_order_no, receivers, unfreeze_unsplit: false }
  await wxpay.v3.profitsharing.orders.post({ json })
  if (below(4) === 0) return simulator.settle(out_order_no, { fail: 'ACCOUNT_ABNORMAL' })
  simulator.settle(out_order_no)
  own.shared.push(amount)
  if (below(2) === 0) return
  const fen = 1 + below(amount)
  const out_return_no = number('RETURN')
  const back = { sub_mchid: SUB, out_order_no, out_return_no, return_mchid: RECEIVER, amount: fen, description: '回退' }
  await wxpay.v3.profitsharing.returnOrders.post({ json: back })
  simulator.settle(out_return_no)
  own.returned.push(fen)
}

async function transfer(): Promise<void> {
  const fen = 30 + below(1000)
  const out_bill_no = number('GIVE')
  await wxpay.v3.fundApp.mchTransfer.transferBills.post({
    json: {
      appid,
      out_bill_no,
      transfer_scene_id: '1000',
      openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
      transfer_amount: fen,
      transfer_remark: '佣金',
      transfer_scene_report_infos: [{ info_type: '活动名称', info_content: '新会员有礼' }],
    },
  })
  own.transferred.push(fen)
  if (below(3) > 0) return simulator.confirm(out_bill_no)
  simulator.confirm(out_bill_no, { fail: 'PAYEE_ACCOUNT_ABNORMAL' })
  own.givenBack.push(fen)
}

const service_id = '2002000000000558128851361561536'

async function rent(): Promise<void> {
  const names = { appid, service_id }
  const total_amount = 100 + below(900)
  const out_order_no = number('RENT')
  const { serviceorder } = wxpay.v3.payscore
  await serviceorder.post({
    json: {
      ...names,
      out_order_no,
      service_introduction: '充电宝',
      time_range: { start_time: 'OnAccept' },
      risk_fund: { name: 'DEPOSIT', amount: 9900 },
      notify_url: 'https://shop.example/',
    },
  })
  simulator.confirm(out_order_no)
  const post_payments = [{ name: '租金', amount: total_amount }]
  const json = { ...names, total_amount, post_payments, time_range: { end_time: '20261128120000' } }
  await serviceorder._out_order_no_.complete.post({ out_order_no, json })
  simulator.pay(out_order_no)
  own.rented.push(total_amount)
}

const rowsOf = async <Row>(bill: { rows(): AsyncIterable<Row> }) => readAll(bill.rows())
const flowsOf = (rows: readonly Bill.BillRow<Bill.FundflowTitle>[], business: string, kind?: string) =>
  sumOf(
    rows.filter(row => row.业务名称 === business && (kind === undefined || row.收支类型 === kind)),
    '收支金额(元)',
  )

it('a busy day is in every bill to the fen', async () => {
  await wxpay.v3.profitsharing.receivers.add.post({
    json: { sub_mchid: SUB, appid, type: 'MERCHANT_ID', account: RECEIVER, name: '收款方', relation_type: 'PARTNER' },
  })
  for (let count = 0; count < 40; count++) await sell(count % 3 === 0)
  for (const order of own.paid.filter(() => below(3) === 0)) await refund(order)
  for (const order of own.paid.filter(({ sub }) => sub)) await share(order)
  for (let count = 0; count < 8; count++) await transfer()
  for (let count = 0; count < 2; count++) await rent()
  for (const events of [own.refunded, own.shared, own.returned, own.givenBack]) expect(events.length).toBeGreaterThan(0)

  const query = { bill_date: day }
  expect(await failure(Bill.trade(wxpay, query))).toMatchObject({ reason: 'STATEMENT_CREATING' })
  await shop.nextDay()

  const totals = (sub?: boolean) =>
    own.paid.filter(order => sub === undefined || order.sub === sub).map(({ total }) => total)
  const refunds = own.refunded.filter(({ state }) => state !== 'CLOSED')
  const trades = await rowsOf(await Bill.trade(wxpay, query))
  expect(sumOf(trades, '订单金额')).toBe(sum([...totals(), ...own.rented]))
  expect(sumOf(trades, '退款金额')).toBe(sum(refunds.map(({ fen }) => fen)))
  expect(trades.filter(row => row.特约商户号 === SUB).length).toBe(
    totals(true).length + refunds.filter(({ sub }) => sub).length,
  )
  const ofSub = await Bill.trade(wxpay, { ...query, sub_mchid: SUB, bill_type: 'ALL_SPECIAL' })
  expect(sumOf(await rowsOf(ofSub), '订单金额')).toBe(sum(totals(true)))
  expect(ofSub.summary?.订单总金额).toBe(yuan(sum(totals(true))))
  const back = await rowsOf(await Bill.trade(wxpay, { ...query, bill_type: 'REFUND' }))
  expect(new Set(back.map(row => row.商户退款单号))).toEqual(new Set(refunds.map(({ out_refund_no }) => out_refund_no)))
  expect(await failure(Bill.trade(wxpay, { ...query, bill_type: 'RECHARGE_REFUND' }))).toMatchObject({
    reason: 'NO_STATEMENT_EXIST',
  })

  // The merchant's own account has its own orders; that of the sub-merchant those that were placed for it.
  const refundsOf = (sub: boolean, states?: string) =>
    sum(own.refunded.filter(one => one.sub === sub && (!states || one.state === states)).map(({ fen }) => fen))
  const basic = await rowsOf(await Bill.fundflow(wxpay, { ...query, account_type: 'BASIC' }))
  expect(flowsOf(basic, '交易')).toBe(sum([...totals(false), ...own.rented]))
  expect(flowsOf(basic, '退款')).toBe(refundsOf(false))
  expect(flowsOf(basic, '退款退回')).toBe(refundsOf(false, 'CLOSED'))
  const operation = await rowsOf(await Bill.fundflow(wxpay, { ...query, account_type: 'OPERATION' }))
  expect(flowsOf(operation, '商家转账')).toBe(sum(own.transferred))
  expect(flowsOf(operation, '商家转账退回')).toBe(sum(own.givenBack))
  const sub = { ...query, sub_mchid: SUB, account_type: 'BASIC' as const }
  for (const bill of [
    await Bill.subMerchantFundflow(wxpay, sub),
    await Bill.ecommerceFundflow(wxpay, { ...query, account_type: 'ALL' }),
    await Bill.fundflow(wxpay, sub),
  ]) {
    const flows = await rowsOf(bill)
    expect(flowsOf(flows, '交易')).toBe(sum(totals(true)))
    expect(flowsOf(flows, '退款')).toBe(refundsOf(true))
    expect(flowsOf(flows, '分账', '支出')).toBe(sum(own.shared))
    expect(flowsOf(flows, '分账回退', '收入')).toBe(sum(own.returned))
    expect(bill.summary?.资金流水总笔数).toBe(String(flows.length))
  }

  const shares = await rowsOf(await Bill.profitsharing(wxpay, query))
  const sharesOf = (business: string) =>
    sumOf(
      shares.filter(row => row.业务类型 === business),
      '金额',
    )
  expect(sharesOf('分账')).toBe(sum(own.shared))
  expect(sharesOf('分账回退')).toBe(sum(own.returned))
  expect(await failure(Bill.profitsharing(wxpay, { ...query, sub_mchid: RECEIVER }))).toMatchObject({
    reason: 'NO_STATEMENT_EXIST',
  })
  const score = await Bill.payscore(wxpay, { ...query, tar_type: 'GZIP', service_id })
  expect(sumOf(await rowsOf(score), '收款金额')).toBe(sum(own.rented))
  expect(score.summary).toEqual({ 总笔数: '2', 收款总金额: yuan(sum(own.rented)) })
  expect(await failure(Bill.payscore(wxpay, { ...query, service_id: '1' }))).toMatchObject({
    reason: 'NO_STATEMENT_EXIST',
  })

  const v2 = await wxpay.v2.pay.downloadbill.post({
    xml: { appid: 'wx1', bill_date: day.replaceAll('-', ''), bill_type: 'ALL' },
  })
  expect((await text(v2.body)).trim().split('\r\n')).toHaveLength(trades.length + 3)
})
