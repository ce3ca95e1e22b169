import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { appendFile, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { Simulator } from '../../lib/simulator/index.js'
import { type Command, Journal } from '../../lib/simulator/state/journal.js'
import { get, order, post } from './raw-merchant.js'
import { startSimulator } from './start.js'

let folder: string
let count = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wechatpay-state-'))
})
afterAll(() => rm(folder, { recursive: true }))

function newFile(): string {
  count += 1
  return join(folder, `${count}.state`)
}

const PATH = '/v3/pay/transactions/native'

it('everything is restored: keys, orders, refunds, notifications and business time', async () => {
  const statuses = [500, 204]
  const ids: string[] = []
  const shop = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    ids.push(JSON.parse(body).id)
    response.writeHead(statuses.shift() ?? 204).end()
  }).listen(0, '127.0.0.1')
  await once(shop, 'listening')
  const notify_url = `http://127.0.0.1:${Object(shop.address()).port}/`
  const state = newFile()
  const first = await startSimulator({ state, mchid: '1900000200' })
  const { config } = first
  const paid = order(config, { notify_url })
  const created = await Promise.all(
    [paid, ...Array.from({ length: 20 }, () => order(config))].map(p => post(config, PATH, p)),
  )
  const { transaction_id } = first.pay(paid.out_trade_no, { openid: 'someone' })
  const amount = { refund: 40, total: 100, currency: 'CNY' }
  const refund = { out_trade_no: paid.out_trade_no, out_refund_no: 'R1', amount }
  await post(config, '/v3/refund/domestic/refunds', refund)
  first.settle('R1')
  await first.deliver()
  await expect.poll(() => first.notifications[0]?.status === 'waiting' && first.notifications[0].attempts).toBe(1)
  await first.trigger('PAYSCORE.USER_PAID', { to: notify_url })
  await first.trigger('COMPLAINT.CREATE', { to: notify_url, override: { complaint_id: 'C1' } })
  first.hold()
  await first.advance({ days: 1 })
  const { notifications, requests } = first
  const queries = [
    `/v3/pay/transactions/id/${transaction_id}?mchid=${config.mchid}`,
    '/v3/refund/domestic/refunds/R1',
    '/v3/merchant-service/complaints-v2/C1/negotiation-historys',
  ]
  const before = await Promise.all(queries.map(async path => (await get(config, path)).json))
  await first.close()

  await using second = await Simulator.start({ state, clock: () => Date.now() })
  expect({ ...second.config, base_uri: '' }).toEqual({ ...config, base_uri: '' })
  expect(await Promise.all(queries.map(async path => (await get(second.config, path)).json))).toEqual(before)
  expect(second.notifications).toEqual(notifications)
  expect(second.requests.slice(0, requests.length).map(({ path }) => path)).toEqual(
    requests.filter(({ method }) => method !== 'GET').map(({ path }) => path),
  )
  // The same request creates the same order: each has kept its number.
  const again = await post(second.config, PATH, JSON.parse(second.requests[5]?.body ?? ''))
  expect(created.map(({ json }) => json.code_url)).toContain(again.json.code_url)
  await second.deliver()
  expect(second.notifications[0]).toMatchObject({ attempts: 2, status: 'acknowledged' })
  expect(ids).toEqual([ids[0], ids[1], ids[2], ids[0]])
  await new Promise(closed => shop.close(closed))
})

it('nothing that got a response is lost when the process is killed at any time', async () => {
  const [state, left] = [newFile(), newFile()]
  await using running = await startSimulator({ state })
  const answered: string[] = []
  const place = async () => {
    const payload = order(running.config)
    await post(running.config, PATH, payload)
    answered.push(payload.out_trade_no)
  }
  const placing = Array.from({ length: 40 }, place)
  await Promise.race(placing)
  // What a killed process leaves is the file as it stands.
  const known = [...answered]
  await copyFile(state, left)
  await Promise.all(placing)
  expect(known.length).toBeGreaterThan(0)
  await using simulator = await Simulator.start({ state: left })
  for (const number of known) expect(simulator.pay(number).transaction_id).toMatch(/^4200/)
  expect((await Builder.factory(simulator.config).v3.certificates.get()).statusCode).toBe(200)
})

it('when the journal has grown, a snapshot replaces it, and everything is restored', async () => {
  const statuses = [204, 500]
  const shop = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(statuses.shift() ?? 204).end())
  }).listen(0, '127.0.0.1')
  await once(shop, 'listening')
  const notify_url = `http://127.0.0.1:${Object(shop.address()).port}/`
  const state = newFile()
  const first = await startSimulator({ state, clock: () => Date.now() })
  const { config } = first
  const [paid, unpaid, later] = [order(config, { notify_url }), order(config, { notify_url }), order(config)]
  for (const payload of [paid, unpaid]) await post(config, PATH, payload)
  const { transaction_id } = first.pay(paid.out_trade_no, { openid: 'someone' })
  const amount = { refund: 40, total: 100, currency: 'CNY' }
  const refund = { transaction_id, out_refund_no: 'R1', amount, notify_url }
  await post(config, '/v3/refund/domestic/refunds', refund)
  await first.deliver()
  first.settle('R1')
  await first.deliver()
  const grown = (await stat(state)).size
  for (let count = 0; count < 1100; count++) void first.advance({ seconds: 1 })
  await post(config, PATH, later)
  expect(await readFile(state, 'utf8')).toMatch(/^[^\n]+\n[^\n]+\n\{"t":\d+,"snapshot"/)
  expect((await stat(state)).size).toBeLessThan(3 * grown)
  expect((await stat(state)).mode & 0o777).toBe(0o600)
  const { notifications, requests } = first
  expect(notifications).toMatchObject([{ status: 'acknowledged' }, { status: 'waiting', attempts: 1, statusCode: 500 }])
  const queries = [
    `/v3/pay/transactions/out-trade-no/${paid.out_trade_no}?mchid=${config.mchid}`,
    `/v3/pay/transactions/out-trade-no/${later.out_trade_no}?mchid=${config.mchid}`,
    '/v3/refund/domestic/refunds/R1',
  ]
  const before = await Promise.all(queries.map(async path => (await get(config, path)).json))
  await first.close()

  await using second = await Simulator.start({ state, clock: () => Date.now() })
  expect(second.notifications).toEqual(notifications)
  expect(second.requests).toEqual(requests)
  expect(await Promise.all(queries.map(async path => (await get(second.config, path)).json))).toEqual(before)
  // Numbers are known still, with the same content and with a different one.
  expect((await post(second.config, '/v3/refund/domestic/refunds', refund)).json).toEqual(before[2])
  const reused = await post(second.config, PATH, { ...unpaid, description: 'b' })
  expect(reused.json.code).toBe('OUT_TRADE_NO_USED')
  second.pay(unpaid.out_trade_no)
  await second.advance({ seconds: 15 })
  await second.deliver()
  expect(second.notifications).toMatchObject([
    { status: 'acknowledged' },
    { status: 'acknowledged', attempts: 2 },
    { status: 'acknowledged', mchid: config.mchid },
  ])
  await new Promise(closed => shop.close(closed))
})

it('a failed payment, a payment that a query has ended, and a title that a query has started are kept', async () => {
  const state = newFile()
  const first = await startSimulator({ state })
  const { config } = first
  const codes = { FAILED: '134567890123000004', ASKED: '134567890123000001' }
  for (const [name, auth_code] of Object.entries(codes)) {
    const { notify_url: _, ...json } = order(config, { out_trade_no: `${name}-01`, payer: { auth_code } })
    await post(config, '/v3/pay/transactions/codepay', { ...json, scene_info: { store_info: { id: '1' } } })
  }
  const query = (name: string) => `/v3/pay/transactions/out-trade-no/${name}-01?mchid=${config.mchid}`
  for (const _ of 'two times') await get(config, query('ASKED'))
  const states = async ({ config }: Simulator) =>
    Promise.all(Object.keys(codes).map(async name => (await get(config, query(name))).json.trade_state))
  const before = await states(first)
  expect(before).toEqual(['PAYERROR', 'SUCCESS'])
  const title = '/v3/new-tax-control-fapiao/user-title'
  await get(config, `${title}/title-url?fapiao_apply_id=F1&source=WEB&appid=wx1&openid=o1&total_amount=100`)
  first.confirm('F1')
  await first.close()
  await using second = await startSimulator({ state })
  expect(await states(second)).toEqual(before)
  const applied = await get(second.config, `${title}?scene=WITHOUT_WECHATPAY&fapiao_apply_id=F1`)
  expect(applied.json).toMatchObject({ amount: 100 })
})

it('cut at any byte, the journal has every line before', async () => {
  const state = newFile()
  const whole = new Journal(state)
  const numbers = Array.from({ length: 20 }, (_, index) => String(index))
  for (const number of numbers) whole.add({ t: 1, command: { name: 'pay', number, options: { openid: '公仔' } } })
  whole.close()
  const bytes = await readFile(state)
  const last = bytes.lastIndexOf('\n', bytes.lastIndexOf('\n', -2) - 1)
  for (let length = last + 1; length <= bytes.length; length++) {
    const left = `${state}.cut`
    writeFileSync(left, bytes.subarray(0, length))
    const journal = new Journal(left)
    const done: string[] = []
    const never = () => expect.fail('there are only commands')
    const command = (said: Command) => void ('number' in said && done.push(said.number))
    await journal.redo({ command, snapshot: never, request: never, notification: never, progress: never }, () => {})
    const lines = bytes.subarray(0, length).filter(byte => byte === 10).length
    expect(done).toEqual(numbers.slice(0, lines - 1))
    journal.add({ t: 1, command: { name: 'advance', span: { days: 1 } } })
    journal.close()
    expect(readFileSync(left, 'utf8')).toMatch(/\n\{"t":1,"command":\{"name":"advance","span":\{"days":1\}\}\}\n$/)
  }
})

it('the unfinished snapshot of a killed process is removed', async () => {
  const state = newFile()
  await writeFile(`${state}.new`, 'half a snap')
  await using _ = await startSimulator({ state })
  await expect(stat(`${state}.new`)).rejects.toThrow(/ENOENT/)
})

it('a line that was cut off is left out, and the next one is whole', async () => {
  const state = newFile()
  const first = await startSimulator({ state })
  const [one, two] = [order(first.config), order(first.config)]
  await post(first.config, PATH, one)
  await first.close()
  await appendFile(state, '{"t":1,"command":{"na')
  const second = await startSimulator({ state })
  await post(second.config, PATH, two)
  await second.close()
  await using third = await startSimulator({ state })
  expect(third.pay(one.out_trade_no)).toBeDefined()
  expect(third.pay(two.out_trade_no)).toBeDefined()
})

it('a rotated certificate is kept', async () => {
  const state = newFile()
  const first = await startSimulator({ state })
  const { serial } = await first.rotate()
  await first.close()
  await using second = await Simulator.start({ state })
  expect(Object.keys(second.config.certs)).toContain(serial)
})

it('reset removes everything except the keys', async () => {
  const state = newFile()
  const first = await startSimulator({ state })
  await post(first.config, PATH, order(first.config))
  first.reset()
  await first.close()
  await using second = await startSimulator({ state })
  expect(second.requests).toEqual([])
  expect(second.config.serial).toBe(first.config.serial)
})

it('the merchants and the payers are restored, and no others', async () => {
  const state = newFile()
  const merchants = [
    { mchid: '1900000210', role: 'direct' },
    { mchid: '20002', role: 'brand' },
    { mchid: '1900000211', role: 'direct' },
  ] as const
  const payers = [{ openid: 'poor', balance: 100 }]
  const first = await startSimulator({ state, merchants, payers })
  const { brand } = first
  const second = first.configOf('1900000211')
  const [one, two] = [order(second), order(second)]
  for (const payload of [one, two]) await post(second, PATH, payload)
  first.pay(one.out_trade_no, { openid: 'poor' })
  await first.close()
  await using again = await startSimulator({ state })
  expect({ ...again.configOf('1900000211'), base_uri: '' }).toEqual({ ...second, base_uri: '' })
  expect({ ...again.brand, base_uri: '' }).toEqual({ ...brand, base_uri: '' })
  expect(() => again.pay(one.out_trade_no)).toThrow(expect.objectContaining({ code: 'ORDERPAID' }))
  expect(() => again.pay(two.out_trade_no, { openid: 'poor' })).toThrow(expect.objectContaining({ code: 'NOT_ENOUGH' }))
  for (const options of [{ merchants: merchants.slice(0, 2) }, { payers: [] }, { balances: { BASIC: 1 } }]) {
    await expect(Simulator.start({ state, ...options })).rejects.toThrow(/`state`.*`merchants`/)
  }
})

it('a snapshot can be restored, also in a different simulator, and is written to the file', async () => {
  const state = newFile()
  const first = await startSimulator({ state })
  const payload = order(first.config)
  await post(first.config, PATH, payload)
  await first.advance({ days: 1 })
  const begun = JSON.parse(JSON.stringify(first.snapshot()))
  first.pay(payload.out_trade_no)
  first.restore(begun)
  await first.close()

  await using again = await startSimulator({ state })
  const { transaction_id } = again.pay(payload.out_trade_no)
  expect(transaction_id).toMatch(/^4200/)
  await using other = await startSimulator()
  const tell = async (name: string, init: RequestInit = {}) => {
    const response = await fetch(`${other.url}/_sim/${name}`, {
      headers: { 'Content-Type': 'application/json' },
      ...init,
    })
    return { status: response.status, json: await response.json() }
  }
  await tell('restore', { method: 'POST', body: JSON.stringify(begun) })
  expect((await tell('snapshot')).json).toEqual(begun)
  expect(other.pay(payload.out_trade_no).transaction_id).toMatch(/^4200/)
  const wrong = { ...begun, ledger: { ...begun.ledger, format: 0 } }
  expect(await tell('restore', { method: 'POST', body: JSON.stringify(wrong) })).toMatchObject({ status: 400 })
  // What was refused has changed nothing.
  expect(() => other.pay(payload.out_trade_no)).toThrow(expect.objectContaining({ code: 'ORDERPAID' }))
})

it('a payment that the payer could not afford is not forgotten', async () => {
  const state = newFile()
  const payers = [{ openid: 'poor', balance: 1 }]
  const first = await startSimulator({ state, payers })
  const payload = order(first.config)
  await post(first.config, PATH, payload)
  expect(() => first.pay(payload.out_trade_no, { openid: 'poor' })).toThrow(
    expect.objectContaining({ code: 'NOT_ENOUGH' }),
  )
  const read = async ({ url }: Simulator) => (await fetch(`${url}/_sim/entries`)).json()
  const before = await read(first)
  expect(before).toMatchObject({ entries: [{ reason: 'NOT_ENOUGH' }] })
  await first.close()
  await using second = await startSimulator({ state })
  expect(await read(second)).toEqual(before)
})

it('only its owner may read the file', async () => {
  const state = newFile()
  await using _ = await startSimulator({ state })
  expect((await stat(state)).mode & 0o777).toBe(0o600)
})

it('a different file, and the file of a different merchant, is refused', async () => {
  const state = newFile()
  await writeFile(state, 'something else')
  await expect(startSimulator({ state })).rejects.toThrow(/`state`/)
  expect(await readFile(state, 'utf8')).toBe('something else')
  const own = newFile()
  await (await startSimulator({ state: own, mchid: '1900000200' })).close()
  await expect(Simulator.start({ state: own, mchid: '1900000201' })).rejects.toThrow(/`state`.*1900000200/)
})
