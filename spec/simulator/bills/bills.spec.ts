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
import { Shelf } from '../../../lib/simulator/bills/file.js'
import { Simulator } from '../../../lib/simulator/index.js'
import { failure, readAll } from '../../async.js'

// WeChat Pay and the merchant have to agree on the time, to 5 minutes; the simulator's stands still.
const NOW = Date.now()
const DAY = 24 * 60 * 60 * 1000
const ROWS = 300

/** The date in Beijing so many days ago. */
const daysAgo = (days: number) => new Date(NOW + 8 * 60 * 60 * 1000 - days * DAY).toISOString().slice(0, 10)
const query = { bill_date: daysAgo(1) }

let simulator: Simulator
let wxpay: ReturnType<typeof Builder.factory>
let folder: string
let now = NOW

beforeAll(async () => {
  simulator = await Simulator.start({ clock: () => now, bills: { rows: ROWS, parts: 3 } })
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
  it.each([{}, { tar_type: 'GZIP' as const }])('is read, and its sums are those of its rows: %o', async options => {
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

  it('of payments and one of refunds are together the one of all', async () => {
    const counts = await Promise.all(
      (['ALL', 'SUCCESS', 'REFUND'] as const).map(async bill_type => {
        const bill = await Bill.trade(wxpay, { ...query, bill_type })
        return (await readAll(bill.rows())).length
      }),
    )
    expect(counts[0]).toBe(Number(counts[1]) + Number(counts[2]))
    expect(counts[2]).toBeGreaterThan(0)
  })

  it('is the same whenever it is asked for, and another for another day and another seed', async () => {
    const other = await Simulator.start({ keys: simulator.keys, bills: { rows: ROWS, seed: 2 } })
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

  it('has the orders that were paid on the day', async () => {
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

  it('has the hash of its content, whatever it is compressed to', async () => {
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
])('a bill of the funds of %s adds up', async (_what, ask) => {
  const bill = await ask()
  const rows = await readAll(bill.rows())
  const sum = (direction: string) =>
    rows.filter(row => row.收支类型 === direction).reduce((total, row) => total + Bill.fen(row['收支金额(元)']), 0)
  expect(bill.summary).toMatchObject({ 资金流水总笔数: String(rows.length) })
  expect(Bill.fen(bill.summary?.收入金额 ?? '')).toBe(sum('收入'))
  expect(Bill.fen(bill.summary?.支出金额 ?? '')).toBe(sum('支出'))
  expect(Bill.fen(rows.at(-1)?.['账户结余(元)'] ?? '')).toBe(sum('收入') - sum('支出'))
})

describe('a download', () => {
  it.each(['cut', 'flip'] as const)('may be told to go wrong, which is found out: %s', async content => {
    const bill = await Bill.trade(wxpay, { ...query, tar_type: 'GZIP' })
    simulator.misbehave({ content, match: { path: '/v3/billdownload/file' } })
    await failure(bill.save(join(folder, 'bill.csv')))
    expect(await readdir(folder)).toEqual([])
    await bill.save(join(folder, 'bill.csv'))
    expect(await readFile(join(folder, 'bill.csv'), 'utf8')).toContain('总交易单数')
  })

  it('with a token that was decoded and encoded otherwise is refused', async () => {
    const { data } = await wxpay.v3.bill.tradebill.get({ query })
    const { pathname, search } = new URL(data.download_url)
    const wrong = decodeURIComponent(search)
    expect(await failure(wxpay.chain(`${pathname}${wrong}`).get())).toMatchObject({ statusCode: 400 })
  })

  it('without a signature is refused', async () => {
    const { data } = await wxpay.v3.bill.tradebill.get({ query })
    const { statusCode, body } = await import('undici').then(({ request }) =>
      request(data.download_url, { headers: { accept: '*/*', 'user-agent': 'spec' } }),
    )
    expect(statusCode).toBe(401)
    expect(await text(body)).toContain('SIGN_ERROR')
  })
})

describe('a bill that is not there', () => {
  it.each([
    ['today', daysAgo(0), 'STATEMENT_CREATING'],
    ['long ago', daysAgo(100), 'NO_STATEMENT_EXIST'],
    ['tomorrow', daysAgo(-1), 'PARAM_ERROR'],
    ['no day', '2026-13-45', 'PARAM_ERROR'],
    ['no day of its month', '2026-02-30', 'PARAM_ERROR'],
  ])('of %s', async (_what, bill_date, code) => {
    expect(await failure(Bill.trade(wxpay, { bill_date }))).toMatchObject({ code })
  })

  it('for nothing happened', async () => {
    const quiet = await Simulator.start({ keys: simulator.keys, bills: { rows: 0 } })
    const error = await failure(Bill.trade(Builder.factory(quiet.config), query))
    await quiet.close()
    expect(error).toMatchObject({ reason: 'NO_STATEMENT_EXIST' })
  })

  it.each([
    ['a type', { bill_type: 'SOME' }],
    ['a compression', { tar_type: 'ZIP' }],
  ])('for there is no such thing: %s', async (_what, options) => {
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
])('the option %o is refused', async (bills, message) => {
  const start = Simulator.start({ bills: bills as object })
  await expect(start).rejects.toThrow(InvalidArgumentError)
  await expect(start).rejects.toThrow(message)
})

it('a download is there for 5 minutes', () => {
  const shelf = new Shelf()
  const token = decodeURIComponent(shelf.add({ content: () => [], isCompressed: false }, 0))
  expect(shelf.take(token, 300_000)).toBeDefined()
  expect(() => shelf.take(token, 300_001)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
})
