import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { rows } from '../../lib/bill/saved-bill.js'
import { failure } from '../async.js'

/** As WeChat Pay writes them; the summary has titles and one row. */
const bill = [
  '\uFEFF交易时间,商户订单号,商品名称,订单金额',
  '`2026-11-23 10:00:00,`A1,`QQ公仔, 大号,`12.30',
  '`2026-11-23 10:00:01,`A2,`,`0.01',
  '总交易单数,订单总金额',
  '`2,`12.31',
]

async function read(text: string | Buffer, piece = 1 << 16) {
  const bytes = Buffer.from(text)
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, index) =>
    bytes.subarray(index * piece, (index + 1) * piece),
  )
  const found: Record<string, string | undefined>[] = []
  const reading = rows(Readable.from(pieces, { objectMode: false, highWaterMark: piece }))
  let next = await reading.next()
  for (; !next.done; next = await reading.next()) found.push(next.value)
  return { rows: found, summary: next.value }
}

const expected = {
  rows: [
    { 交易时间: '2026-11-23 10:00:00', 商户订单号: 'A1', 商品名称: 'QQ公仔, 大号', 订单金额: '12.30' },
    { 交易时间: '2026-11-23 10:00:01', 商户订单号: 'A2', 商品名称: '', 订单金额: '0.01' },
  ],
  summary: { 总交易单数: '2', 订单总金额: '12.31' },
}

describe('a bill is read as rows by title and a summary', () => {
  it.each([
    ['with Windows line ends', `${bill.join('\r\n')}\r\n`],
    ['with Unix line ends', `${bill.join('\n')}\n`],
    ['without a line end at its end', bill.join('\r\n')],
    ['with empty lines', bill.join('\n\n')],
    ['compressed', gzipSync(bill.join('\r\n'))],
  ])('%s', async (_what, text) => {
    expect(await read(text)).toEqual(expected)
  })

  it.each([1, 2, 3, 7, 64])('in pieces of %i bytes, which cut characters and line ends', async piece => {
    expect(await read(bill.join('\r\n'), piece)).toEqual(expected)
  })

  it('that has no rows', async () => {
    const text = [bill[0], bill[3], '`0,`0.00'].join('\r\n')
    expect(await read(text)).toEqual({ rows: [], summary: { 总交易单数: '0', 订单总金额: '0.00' } })
  })

  it('that has no summary', async () => {
    expect(await read(bill.slice(0, 3).join('\r\n'))).toEqual({ rows: expected.rows, summary: undefined })
  })

  it('that is empty', async () => {
    expect(await read('')).toEqual({ rows: [], summary: undefined })
  })

  it('with a line break inside of a cell', async () => {
    const [first] = (await read('甲,乙,丙\n`1,`two\nlines,`3\n')).rows
    expect(first).toEqual({ 甲: '1', 乙: 'two\nlines', 丙: '3' })
  })

  it('with one column', async () => {
    expect(await read('甲\n`1\n乙\n`2\n')).toEqual({ rows: [{ 甲: '1' }], summary: { 乙: '2' } })
  })
})

describe('a file without the layout of a bill is refused, by its line', () => {
  it.each([
    ['too many cells', '甲,乙\n`1,`2,`3\n', /Line 2 .*3 cells for 2 titles/],
    ['too few cells', '甲,乙\n`1\n`1,`2\n', /Line 2 .*fewer cells/],
    ['a row cut at its end', '甲,乙\n`1,`2\n`1', /Line 3 .*middle of a row/],
    ['a summary with too many cells', '甲,乙\n丙\n`1,`2\n', /Line 3 .*2 cells for 1 titles/],
    ['rows after the summary', '甲\n`1\n乙\n`2\n`3\n', /Line 5 .*after the summary/],
    ['a third row of titles', '甲\n`1\n乙\n丙\n', /Line 4 .*backtick/],
    ['titles of a summary without its row', '甲\n`1\n乙\n', /Line 3 .*before the row of the summary/],
    ['rows without backticks', '甲,乙\n1,2\n3,4\n', /Line 3 .*backtick/],
    ['one row without backticks', '甲,乙\n1,2\n', /before the row of the summary/],
    ['a row and a summary without backticks', '甲,乙\n1,2\n丙,丁\n1,2\n', /Line 3 .*backtick/],
    ['a title that is there twice', '甲,甲\n', /Line 1 .*title/],
    ['a title that would be the prototype', '__proto__\n`1\n', /Line 1 .*title/],
    ['a line without end', `甲\n\`${'1'.repeat(2 << 20)}`, /Line 2 .*longer than/],
  ])('%s', async (_what, text, message) => {
    const reading = read(text)
    await expect(reading).rejects.toMatchObject({ code: 'ERR_BILL_FORMAT' })
    await expect(reading).rejects.toThrow(message)
  })

  it('and its content is not shown', async () => {
    await expect(read('甲\n`13800138000,`x\n')).rejects.not.toThrow(/13800138000/)
  })
})

describe('the rows are counted against the summary', () => {
  const summary = ['总交易单数,订单总金额', '`1,`100.00']
  const titles = '商品名称,商户订单号,订单金额'

  it.each([
    ['a name with a line break that looks like a second row', [titles, '`x,`FAKE,`0.01', '`y,`A1,`100.00', ...summary]],
    ['a row that is lost', [titles, ...summary]],
    ['a count that is none', [titles, '`x,`A1,`100.00', '总交易单数', '`one']],
    ['a fund flow bill', ['备注', '`a', '资金流水总笔数', '`2']],
  ])('%s is refused', async (_what, lines) => {
    const error = await failure(read(lines.join('\r\n')))
    expect(error).toMatchObject({ code: 'ERR_BILL_FORMAT' })
    expect(String(error)).not.toMatch(/FAKE|A1|one,/)
  })

  it.each(['1', '1.0', ' 1'])('a count may be written %j', async count => {
    expect((await read(['备注', '`a', '资金流水总笔数', `\`${count}`].join('\n'))).rows).toHaveLength(1)
  })

  it('a refund counts as a row, in a bill as WeChat Pay makes it', async () => {
    const lines = ['交易状态,订单金额', '`REFUND,`0.00', '`SUCCESS,`0.02', '总交易单数,订单总金额', '`2,`0.02']
    expect((await read(lines.join('\r\n'))).rows).toHaveLength(2)
  })

  it('thousands may have commas', async () => {
    const rows = Array.from({ length: 1000 }, (_, index) => `\`${index}`)
    expect((await read(['备注', ...rows, '资金流水总笔数', '`1,000'].join('\n'))).rows).toHaveLength(1000)
  })
})

it('the last cells of a file about coupons have quotes in place of backticks', async () => {
  const titles = '批次id,优惠id,消耗商户号,设备号,银行流水号,单品信息'
  const file = [titles, '`1,`2,`1900000109,"1600000000","",""', '`1,`3,`1900000109,"","","a,b"', '总条数', '`2']
  const { rows, summary } = await read(file.join('\r\n'))
  expect(rows).toMatchObject([
    { 优惠id: '2', 消耗商户号: '1900000109', 设备号: '1600000000', 银行流水号: '', 单品信息: '' },
    { 优惠id: '3', 消耗商户号: '1900000109', 设备号: '', 银行流水号: '', 单品信息: 'a,b' },
  ])
  expect(summary).toEqual({ 总条数: '2' })
  const lost = [...file.slice(0, 2), ...file.slice(3)]
  expect(await failure(read(lost.join('\r\n')))).toMatchObject({ code: 'ERR_BILL_FORMAT' })
})

it('quotes belong to the cell where no other cell is missing', async () => {
  const [titles = '', row = '', ...rest] = bill
  const named = [titles, row.replace(', 大号', ',"大号"'), ...rest]
  expect((await read(named.join('\n'))).rows[0]).toMatchObject({ 商品名称: 'QQ公仔,"大号"' })
})
