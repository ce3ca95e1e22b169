import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Bill from '../../../lib/bill/index.js'
import * as Builder from '../../../lib/builder.js'
import { InvalidArgumentError } from '../../../lib/errors.js'
import { Simulator } from '../../../lib/simulator/index.js'
import { Downloads } from '../../../lib/simulator/ledger/downloads.js'
import { failure, readAll } from '../../async.js'
import { startSimulator } from '../start.js'

// Fixed, but close to the system time: the clocks of the client and of WeChat Pay may differ by 5 minutes at most.
const NOW = Date.now()
const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR
/** The next noon in Beijing: bills are there from ten o'clock. */
const NOON = NOW + DAY - ((NOW - 4 * HOUR) % DAY)
const ROWS = 300

/** The date in Beijing the given number of days ago. */
const daysAgo = (days: number) => new Date(NOON + 8 * HOUR - days * DAY).toISOString().slice(0, 10)
const query = { bill_date: daysAgo(1) }

let simulator: Simulator
let wxpay: ReturnType<typeof Builder.factory>
let folder: string
let now = NOW

beforeAll(async () => {
  simulator = await startSimulator({ clock: () => now, bills: { rows: ROWS, parts: 3 } })
  await simulator.advance({ seconds: (NOON - NOW) / 1000 })
  wxpay = Builder.factory({ ...simulator.config, retry: false })
})
afterAll(() => simulator.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spec-'))
})
afterEach(async () => {
  simulator.behave()
  now = NOW
  await rm(folder, { recursive: true })
})

describe('a trade bill', () => {
  it.each([{}, { tar_type: 'GZIP' as const }])('has sums that match its rows: %o', async options => {
    const bill = await Bill.trade(wxpay, { ...query, ...options })
    const rows = await readAll(bill.rows())
    const sum = (title: '订单金额' | '退款金额' | '手续费' | '应结订单金额') =>
      rows.reduce((total, row) => total + Bill.fen(row[title]), 0)
    expect(rows).toHaveLength(ROWS)
    expect(new Set(rows.map(row => row.微信订单号)).size).toBe(ROWS)
    const { summary } = bill
    expect(summary?.总交易单数).toBe(String(ROWS))
    expect(Bill.fen(summary?.订单总金额 ?? '')).toBe(sum('订单金额'))
    expect(Bill.fen(summary?.应结订单总金额 ?? '')).toBe(sum('应结订单金额'))
    expect(Bill.fen(summary?.退款总金额 ?? '')).toBe(sum('退款金额'))
    expect(Bill.fen(summary?.手续费总金额 ?? '')).toBe(sum('手续费'))
  })

  it('of type ALL has the rows of SUCCESS and REFUND', async () => {
    const counts = await Promise.all(
      (['ALL', 'SUCCESS', 'REFUND'] as const).map(async bill_type => {
        const bill = await Bill.trade(wxpay, { ...query, bill_type })
        return (await readAll(bill.rows())).length
      }),
    )
    expect(counts[0]).toBe(Number(counts[1]) + Number(counts[2]))
    expect(counts[2]).toBeGreaterThan(0)
  })

  it('is the same for each request, and different for a different day or seed', async () => {
    const other = await Simulator.start({ keys: simulator.keys, bills: { rows: ROWS, seed: 2 } })
    await other.advance({ seconds: (NOON - NOW) / 1000 })
    const hash = async (base_uri: string, date: string) => {
      const client = Builder.factory({ ...simulator.config, base_uri })
      return (await client.v3.bill.tradebill.get({ query: { bill_date: date } })).data.hash_value
    }
    const [first, again, day, seed] = await Promise.all([
      hash(simulator.url, daysAgo(1)),
      hash(simulator.url, daysAgo(1)),
      hash(simulator.url, daysAgo(2)),
      hash(other.url, daysAgo(1)),
    ])
    await other.close()
    expect(again).toBe(first)
    expect(new Set([first, day, seed]).size).toBe(3)
  })

  it('contains the orders that were paid on the day', async () => {
    await wxpay.v3.pay.transactions.native.post({
      json: {
        appid: 'wx1',
        mchid: simulator.config.mchid,
        description: 'a',
        out_trade_no: 'PAID0001',
        notify_url: 'https://shop.example/',
        amount: { total: 1234, currency: 'CNY' },
      },
    })
    now = NOW - DAY
    simulator.pay('PAID0001')
    now = NOW
    const rows = await readAll((await Bill.trade(wxpay, query)).rows())
    expect(rows.find(row => row.商户订单号 === 'PAID0001')?.订单金额).toBe('12.34')
  })

  it('has the hash of its content before compression', async () => {
    const { data } = await wxpay.v3.bill.tradebill.get({ query: { ...query, tar_type: 'GZIP' } })
    const { origin, pathname, search } = new URL(data.download_url)
    expect(origin).toBe(simulator.url)
    const { body } = await wxpay.chain(`${pathname}${search}`).get()
    const gzip = Buffer.concat(await readAll(body as unknown as AsyncIterable<Buffer>))
    expect(createHash('sha1').update(gunzipSync(gzip)).digest('hex')).toBe(data.hash_value)
  })
})

it.each([
  [
    'one sub-merchant',
    () =>
      Bill.subMerchantFundflow(wxpay, { ...query, sub_mchid: '1900000110', account_type: 'BASIC', tar_type: 'GZIP' }),
  ],
  ['all sub-merchants', () => Bill.ecommerceFundflow(wxpay, { ...query, account_type: 'ALL' })],
  ['the merchant', () => Bill.fundflow(wxpay, query)],
])('the sums of a fund flow bill of %s match its rows', async (_what, ask) => {
  const bill = await ask()
  const rows = await readAll(bill.rows())
  const sum = (direction: string) =>
    rows.filter(row => row.收支类型 === direction).reduce((total, row) => total + Bill.fen(row['收支金额(元)']), 0)
  expect(bill.summary).toMatchObject({ 资金流水总笔数: String(rows.length) })
  expect(Bill.fen(bill.summary?.收入金额 ?? '')).toBe(sum('收入'))
  expect(Bill.fen(bill.summary?.支出金额 ?? '')).toBe(sum('支出'))
  const invented = rows.filter(row => row.业务凭证号 !== 'PAID0001')
  const balance = invented.reduce(
    (sum, row) => sum + (row.收支类型 === '收入' ? 1 : -1) * Bill.fen(row['收支金额(元)']),
    0,
  )
  expect(Bill.fen(invented.at(-1)?.['账户结余(元)'] ?? '')).toBe(balance)
})

describe('a download', () => {
  it.each(['cut', 'flip'] as const)('is detected as damaged after misbehave: %s', async content => {
    const bill = await Bill.trade(wxpay, { ...query, tar_type: 'GZIP' })
    simulator.misbehave({ content, match: { path: '/v3/billdownload/file' } })
    await failure(bill.save(join(folder, 'bill.csv')))
    expect(await readdir(folder)).toEqual([])
    await bill.save(join(folder, 'bill.csv'))
    expect(await readFile(join(folder, 'bill.csv'), 'utf8')).toContain('总交易单数')
  })

  it('is refused with a token that was decoded', async () => {
    const { data } = await wxpay.v3.bill.tradebill.get({ query })
    const { pathname, search } = new URL(data.download_url)
    const wrong = decodeURIComponent(search)
    expect(await failure(wxpay.chain(`${pathname}${wrong}`).get())).toMatchObject({ statusCode: 400 })
  })

  it('is refused without a signature', async () => {
    const { data } = await wxpay.v3.bill.tradebill.get({ query })
    const { statusCode, body } = await import('undici').then(({ request }) =>
      request(data.download_url, { headers: { accept: '*/*', 'user-agent': 'spec' } }),
    )
    expect(statusCode).toBe(401)
    expect(await text(body)).toContain('SIGN_ERROR')
  })
})

describe('a bill is refused', () => {
  it.each([
    ['for today', daysAgo(0), 'STATEMENT_CREATING'],
    ['for a day too long ago', daysAgo(100), 'NO_STATEMENT_EXIST'],
    ['for tomorrow', daysAgo(-1), 'PARAM_ERROR'],
    ['for an invalid date', '2026-13-45', 'PARAM_ERROR'],
    ['for an invalid day of the month', '2026-02-30', 'PARAM_ERROR'],
  ])('%s', async (_what, bill_date, code) => {
    expect(await failure(Bill.trade(wxpay, { bill_date }))).toMatchObject({ code })
  })

  it('for a day without trades', async () => {
    const quiet = await Simulator.start({ keys: simulator.keys })
    await quiet.advance({ seconds: (NOON - NOW) / 1000 })
    const error = await failure(Bill.trade(Builder.factory(quiet.config), query))
    await quiet.close()
    expect(error).toMatchObject({ reason: 'NO_STATEMENT_EXIST' })
  })

  it.each([
    ['bill_type', { bill_type: 'SOME' }],
    ['tar_type', { tar_type: 'ZIP' }],
  ])('with an unknown %s', async (_what, options) => {
    const path: string = 'v3/bill/tradebill'
    expect(await failure(wxpay.chain(path).get({ query: { ...query, ...options } }))).toMatchObject({
      code: 'PARAM_ERROR',
    })
  })
})

it.each([
  [{ rows: -1 }, /`bills.rows`/],
  [{ rows: 1.5 }, /`bills.rows`/],
  [{ parts: 0 }, /`bills.parts`/],
  [{ seed: 'x' }, /`bills.seed`/],
  [{ size: 1 }, /`size` .*`bills`/],
])('%o is refused', async (bills, message) => {
  const start = Simulator.start({ bills: bills as object })
  await expect(start).rejects.toThrow(InvalidArgumentError)
  await expect(start).rejects.toThrow(message)
})

it('a download is available for 5 minutes', () => {
  const downloads = new Downloads()
  const token = decodeURIComponent(downloads.add({ content: () => [], isCompressed: false }, 0))
  expect(downloads.find(token, 300_000)).toBeDefined()
  expect(() => downloads.find(token, 300_001)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
})
