import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import * as Notification from '../../lib/notification/index.js'
import { Simulator, type SimulatorOptions } from '../../lib/simulator/index.js'
import { failure } from '../async.js'
import { post, send } from './raw-merchant.js'
import { startSimulator } from './start.js'

const [SHOP, OTHER, PARTNER] = ['1900000201', '1900000202', '1900000203']
const [SUB, BRAND] = ['1900000204', '20001']
const notifying = { clock: Date.now }

const simulator = await startSimulator({
  ...notifying,
  merchants: [
    { mchid: BRAND, role: 'brand' },
    { mchid: SHOP, role: 'direct', balances: { OPERATION: 50, FEES: 7 } },
    { mchid: OTHER, role: 'direct' },
    { mchid: PARTNER, role: 'partner', subs: [SUB] },
  ],
  balances: { BASIC: 300 },
  payers: [{ openid: 'poor', balance: 150 }],
})
const shop = Builder.factory(simulator.configOf(SHOP))
const other = Builder.factory(simulator.configOf(OTHER))
const partner = Builder.factory(simulator.configOf(PARTNER))
const recipients: (string | undefined)[] = []
const receiver = Notification.create([
  simulator.configOf(SHOP),
  simulator.configOf(OTHER),
  simulator.configOf(PARTNER),
  simulator.brand,
]).handler(async ({ recipient }) => {
  recipients.push('brand_id' in recipient ? recipient.brand_id : recipient.mchid)
})
const server = createServer((request, response) => receiver.node(request, response)).listen(0, '127.0.0.1')
await once(server, 'listening')
const notify_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

beforeEach(() => {
  simulator.reset()
  recipients.length = 0
})
afterAll(async () => {
  server.close()
  await simulator.close()
})

const common = { appid: 'wxd678efh567hg6787', description: '商品', notify_url }

function sell(wxpay: typeof shop, mchid: string, out_trade_no: string, total = 100) {
  return wxpay.v3.pay.transactions.native.post({ json: { ...common, mchid, out_trade_no, amount: { total } } })
}

function sellFor(sub_mchid: string, out_trade_no: string, wxpay = partner, sp_mchid = PARTNER) {
  const { appid: sp_appid, ...rest } = common
  const json = { ...rest, sp_appid, sp_mchid, sub_mchid, out_trade_no, amount: { total: 100 } }
  return wxpay.v3.pay.partner.transactions.native.post({ json })
}

const refund = (wxpay: typeof shop, out_trade_no: string, out_refund_no: string, over: object = {}) =>
  wxpay.v3.refund.domestic.refunds.post({
    json: { out_trade_no, out_refund_no, amount: { refund: 30, total: 100, currency: 'CNY' }, ...over },
  })

describe('several merchants', () => {
  it('have keys of their own, and the first is that of `config`', () => {
    const configs = [SHOP, OTHER, PARTNER].map(mchid => simulator.configOf(mchid))
    for (const field of ['mchid', 'serial', 'privateKey', 'apiv3Key', 'secret'] as const) {
      expect(new Set(configs.map(config => config[field])).size).toBe(3)
    }
    expect(new Set(configs.flatMap(({ certs }) => Object.keys(certs))).size).toBe(6)
    expect(simulator.config).toEqual(configs[0])
    expect(simulator.brand).toEqual(simulator.brandOf(BRAND))
    expect(simulator.brand.brand_id).toBe(BRAND)
    expect(() => simulator.configOf('1')).toThrow(InvalidArgumentError)
    expect(() => simulator.brandOf('10001')).toThrow(InvalidArgumentError)
  })

  it('have platform certificates of their own, also new ones', async () => {
    const { serial } = await simulator.rotate({ mchid: OTHER })
    const serials = (mchid: string) => Object.keys(simulator.configOf(mchid).certs)
    expect([SHOP, OTHER, PARTNER].map(mchid => serials(mchid).includes(serial))).toEqual([false, true, false])
    expect(simulator.keys.merchants?.[OTHER]?.platformCertificate.serial).toBe(serial)
    simulator.migrate(100, { mchid: OTHER })
    const { headers } = await send(simulator.configOf(OTHER), { path: '/v3/certificates' })
    expect(headers['wechatpay-serial']).toMatch(/^PUB_KEY_ID_/)
    expect(() => simulator.migrate(100, { mchid: '1' })).toThrow(/`mchid`/)
    await expect(simulator.rotate({ mchid: '1' })).rejects.toThrow(/`mchid`/)
  })

  it('do not sign for one another', async () => {
    const forged = { ...simulator.configOf(SHOP), privateKey: simulator.configOf(OTHER).privateKey }
    expect((await send(forged, { path: '/v3/certificates' })).status).toBe(401)
  })

  it('have the same numbers without a conflict, and `mchid` chooses one', async () => {
    await Promise.all([sell(shop, SHOP, 'SAME-1'), sell(other, OTHER, 'SAME-1'), sell(other, OTHER, 'OTHER-1')])
    expect(() => simulator.pay('SAME-1')).toThrow(/`mchid`.*1900000201, 1900000202/)
    simulator.pay('SAME-1', { mchid: OTHER })
    // Only one of them can still be paid.
    simulator.pay('SAME-1')
    expect(simulator.pay('OTHER-1').transaction_id).toMatch(/^4200/)
    await refund(other, 'SAME-1', 'R-1')
    simulator.settle('R-1')
    expect(() => simulator.settle('R-1', { mchid: SHOP })).toThrow(
      expect.objectContaining({ code: 'RESOURCE_NOT_EXISTS' }),
    )
    const { data } = await other.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: 'R-1' })
    expect(data.status).toBe('SUCCESS')
  })

  it('are notified with their own keys', async () => {
    await Promise.all([sell(shop, SHOP, 'N-SHOP00'), sell(other, OTHER, 'N-OTHER00'), sellFor(SUB, 'N-SUB00')])
    for (const number of ['N-SHOP00', 'N-OTHER00', 'N-SUB00']) simulator.pay(number)
    await simulator.deliver()
    await simulator.trigger('TRANSACTION.SUCCESS', { to: notify_url, mchid: OTHER })
    await simulator.trigger('PRODUCT_COUPON.SEND', { to: notify_url, mchid: BRAND })
    expect(recipients).toEqual([SHOP, OTHER, PARTNER, OTHER, BRAND])
    expect(simulator.notifications.map(({ mchid }) => mchid)).toEqual(recipients)
    await expect(simulator.trigger('TRANSACTION.SUCCESS', { mchid: '1' })).rejects.toThrow(/`mchid`/)
  })

  it('can make calls through the control API', async () => {
    const tell = async (name: string, body: object) => {
      const headers = { 'Content-Type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify(body) }
      return Object((await fetch(`${simulator.url}/_sim/${name}`, init)).json())
    }
    const json = { ...common, mchid: OTHER, out_trade_no: 'CONTROL', amount: { total: 100 } }
    const call = { mchid: OTHER, method: 'POST', path: 'v3/pay/transactions/native', json }
    expect((await tell('call', call)).response.statusCode).toBe(200)
    await sell(shop, SHOP, 'CONTROL')
    expect(await tell('pay', { out_trade_no: 'CONTROL' })).toMatchObject({ code: 'INVALID_REQUEST' })
    expect((await tell('pay', { out_trade_no: 'CONTROL', mchid: OTHER })).transaction_id).toMatch(/^4200/)
    const { merchants, brands } = Object(await (await fetch(`${simulator.url}/_sim/configs`)).json())
    expect(merchants).toEqual([SHOP, OTHER, PARTNER].map(mchid => simulator.configOf(mchid)))
    expect(brands).toEqual([simulator.brand])
  })
})

describe('a partner', () => {
  it('acts for its sub-merchants only', async () => {
    await sellFor(SUB, 'SUB-100')
    expect(await failure(sellFor(OTHER, 'SUB-200'))).toMatchObject({ statusCode: 403, code: 'NO_AUTH' })
    simulator.pay('SUB-100')
    expect(await failure(refund(partner, 'SUB-100', 'R-2', { sub_mchid: OTHER }))).toMatchObject({ code: 'NO_AUTH' })
    await refund(partner, 'SUB-100', 'R-2', { sub_mchid: SUB })
    const query = { sp_mchid: PARTNER, sub_mchid: OTHER }
    const found = partner.v3.pay.partner.transactions.outTradeNo._out_trade_no_.get({ out_trade_no: 'SUB-100', query })
    expect(await failure(found)).toMatchObject({ code: 'NO_AUTH' })
  })

  it('does so in APIv2, too', async () => {
    const order = { appid: 'wx1', body: '商品', out_trade_no: 'V2-1', total_fee: 1, spbill_create_ip: '8.8.8.8' }
    const place = (sub_mch_id: string, wxpay = partner) => {
      const xml = { ...order, sub_mch_id, notify_url, trade_type: 'NATIVE' as const }
      return wxpay.v2.pay.unifiedorder.post({ xml })
    }
    expect(await failure(place(OTHER))).toMatchObject({ code: 'NOAUTH' })
    expect((await place(SUB)).data.code_url).toBeDefined()
    expect(await failure(place(SUB, shop))).toMatchObject({ code: 'NOAUTH' })
  })
})

it('a direct merchant does not have the APIs of partners', async () => {
  expect(await failure(sellFor(SUB, 'D-1000', shop, SHOP))).toMatchObject({ statusCode: 403, code: 'NO_AUTH' })
  await sell(shop, SHOP, 'D-2000')
  simulator.pay('D-2000')
  expect(await failure(refund(shop, 'D-2000', 'R-3', { sub_mchid: SUB }))).toMatchObject({ code: 'NO_AUTH' })
  // What the schema refuses comes first.
  const wrong = await post(simulator.configOf(SHOP), '/v3/pay/partner/transactions/native', {})
  expect(wrong).toMatchObject({ status: 400, json: { code: 'PARAM_ERROR' } })
})

it('accounts have the balances of the options', async () => {
  const transfer = (wxpay: typeof shop, out_bill_no: string) =>
    wxpay.v3.fundApp.mchTransfer.transferBills.post({
      json: {
        appid: common.appid,
        out_bill_no,
        transfer_scene_id: '1000',
        openid: 'rich',
        transfer_amount: 51,
        transfer_remark: '佣金',
        transfer_scene_report_infos: [{ info_type: '活动名称', info_content: '新会员有礼' }],
      },
    })
  expect(await failure(transfer(shop, 'T1'))).toMatchObject({ statusCode: 403, code: 'NOT_ENOUGH' })
  await transfer(other, 'T2')
})

describe('a payer with a balance', () => {
  it('cannot pay more, until a refund or a transfer has arrived', async () => {
    for (const [number, total] of Object.entries({ P1: 100, P2: 60, P3: 60 }))
      await sell(shop, SHOP, `${number}0000`, total)
    simulator.pay('P10000', { openid: 'poor' })
    expect(() => simulator.pay('P20000', { openid: 'poor' })).toThrow(expect.objectContaining({ code: 'NOT_ENOUGH' }))
    await refund(shop, 'P10000', 'R-4')
    expect(() => simulator.pay('P20000', { openid: 'poor' })).toThrow(expect.objectContaining({ code: 'NOT_ENOUGH' }))
    simulator.settle('R-4')
    simulator.pay('P20000', { openid: 'poor' })
    // Everybody else's money is endless.
    simulator.pay('P30000', { openid: 'rich' })
  })
})

it.each<[string, object]>([
  ['merchants', { merchants: [] }],
  ['merchants', { merchants: [{ mchid: '1', role: 'brand' }] }],
  ['mchid', { mchid: '1', merchants: [{ mchid: '1', role: 'direct' }] }],
  ['merchants[0].mchid', { merchants: [{ mchid: 'a', role: 'direct' }] }],
  ['merchants[0].role', { merchants: [{ mchid: '1', role: 'sp' }] }],
  ['merchants[0].subs', { merchants: [{ mchid: '1', role: 'direct', subs: ['2'] }] }],
  ['merchants[0].subs[1]', { merchants: [{ mchid: '1', role: 'partner', subs: ['2', ''] }] }],
  ['merchants[0].balances.BASIC', { merchants: [{ mchid: '1', role: 'direct', balances: { BASIC: -1 } }] }],
  ['merchants[1].mchid', { merchants: [1, 2].map(() => ({ mchid: '1', role: 'direct' })) }],
  ['keys', { merchants: [{ mchid: '1', role: 'direct', keys: {} }] }],
  ['balances', { balances: { basic: 1 } }],
  ['balances.FEES', { balances: { FEES: 0.5 } }],
  ['payers[0].openid', { payers: [{ openid: '', balance: 1 }] }],
  ['payers[0].balance', { payers: [{ openid: 'a', balance: '1' }] }],
])('a wrong %s is refused by its name', async (name, options) => {
  await expect(Simulator.start(options as SimulatorOptions)).rejects.toThrow(`\`${name}\``)
})
