/**
 * Downloads a gzipped trade bill with `save` and with `rows`, in comparison with `gunzip | sha1sum` on the same file.
 * The server and each measurement run in separate processes, the measurements in turns.
 *
 *   node bench/bills.mjs [--megabytes 1024] [--rounds 3] [--package ../dist/index.js]
 *
 * `--megabytes` is the size of the gzip file. The sums of the rows must match the summary, to the fen, and the saved file
 * must match the bill: otherwise the benchmark fails. A missed goal does not make it fail.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { actor, MEGABYTE, makeKeys, measure, respond, serve } from './actors.mjs'

const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    package: { type: 'string', default: new URL('../dist/index.js', import.meta.url).href },
  },
})

const TITLES =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'
const SUMMARY = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额'
const SCRIPT = fileURLToPath(import.meta.url)
const GOALS = { save: 0.7, rows: 0.25, memory: 120 }

if (process.send) await runPart()
else await runAll()

async function runAll() {
  const folder = await mkdtemp(join(tmpdir(), 'wechatpay-bench-'))
  try {
    const bill = await makeBill(join(folder, 'bill.csv.gz'), Number(options.megabytes) * MEGABYTE)
    console.log(
      `A bill of ${bill.rows} rows, ${megabytes(bill.bytes)} MB, gzipped ${megabytes(bill.size)} MB; Node ${process.version}`,
    )
    await compare(bill, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function compare(bill, folder) {
  const { privateKey, config } = makeKeys()
  const server = await actor(SCRIPT, { role: 'serve', bill, privateKey })
  const client = { ...config, base_uri: server.ready }
  const figures = { gunzip: [], save: [], rows: [], saveMemory: [], rowsMemory: [] }
  for (let round = 0; round < Number(options.rounds); round++) {
    figures.gunzip.push(await gunzip(bill))
    for (const role of ['save', 'rows']) {
      const { ready, stop } = await actor(SCRIPT, { role, config: client, bill, path: join(folder, 'saved.csv') })
      stop()
      figures[role].push(ready.seconds)
      figures[`${role}Memory`].push(ready.memory)
    }
  }
  server.stop()
  report(bill, figures)
}

function report(bill, { gunzip, save, rows, saveMemory, rowsMemory }) {
  const line = (times, memory, goal) => ({
    seconds: median(times).toFixed(1),
    'MB/s': (bill.bytes / MEGABYTE / median(times)).toFixed(0),
    'of gunzip | sha1sum': median(times.map((time, round) => gunzip[round] / time)).toFixed(2),
    goal,
    'MB above start': memory ? Math.max(...memory).toFixed(0) : '',
  })
  console.table({
    'gunzip | sha1sum': line(gunzip),
    'bill.save()': line(save, saveMemory, GOALS.save),
    'bill.rows()': line(rows, rowsMemory, GOALS.rows),
  })
  console.log(
    `In every round, the sums of the rows match the summary to the fen, and the saved file matches the bill. Memory goal: below ${GOALS.memory} MB.`,
  )
}

/** Writes the bill, and returns its size, its sums and its hash. */
async function makeBill(path, size) {
  const gzip = spawn('sh', ['-c', 'gzip -1 > "$0"', path], { stdio: ['pipe', 'inherit', 'inherit'] })
  const done = once(gzip, 'exit')
  const hash = createHash('sha1')
  let bytes = 0
  const write = async lines => {
    const chunk = Buffer.from(lines)
    hash.update(chunk)
    bytes += chunk.length
    if (!gzip.stdin.write(chunk)) await once(gzip.stdin, 'drain')
  }
  let state = 1
  const random = below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  let rows = 0
  let fen = 0
  await write(`\uFEFF${TITLES}\r\n`)
  while (!isLargeEnough(path, size)) {
    let block = ''
    for (let index = 0; index < 20_000; index++, rows++) {
      const amount = random(100_000)
      fen += amount
      block += row(rows, amount, random)
    }
    await write(block)
  }
  const yuan = (fen / 100).toFixed(2)
  await write(`${SUMMARY}\r\n\`${[rows, yuan, '0.00', '0.00', '0.00000', yuan, '0.00'].join(',`')}\r\n`)
  gzip.stdin.end()
  await done
  return { path, rows, fen, bytes, size: statSync(path).size, sha1: hash.digest('hex') }
}

function isLargeEnough(path, size) {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= size
}

function row(index, fen, random) {
  const yuan = (fen / 100).toFixed(2)
  const number = String(index).padStart(10, '0')
  const digits = () => String(random(1e9)).padStart(9, '0')
  return `\`${[
    `2026-11-23 ${String(random(24)).padStart(2, '0')}:${String(random(60)).padStart(2, '0')}:00`,
    ...['wxd678efh567hg6787', '1900000109', '0', '', `4200${number}${digits()}`, `ORDER${digits()}${digits()}`],
    ...[`oUpF8u${digits()}${digits()}wX`, 'JSAPI', 'SUCCESS', 'OTHERS', 'CNY', yuan, '0.00', '0', '0', '0.00', '0.00'],
    ...['', '', 'Image形象店-深圳腾大-QQ公仔', '', '0.00000', '0.60%', yuan, '0.00', ''],
  ].join(',`')}\r\n`
}

async function gunzip({ path, sha1 }) {
  const started = performance.now()
  const shell = spawn('sh', ['-c', 'gunzip -c "$0" | sha1sum', path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = await Promise.all([once(shell.stdout, 'data'), once(shell, 'exit')])
  if (!String(output).startsWith(sha1))
    throw new Error('The hash of gunzip | sha1sum differs from the hash of the bill.')
  return (performance.now() - started) / 1000
}

async function runPart() {
  const [part] = await once(process, 'message')
  process.send(await (part.role === 'serve' ? serveBill(part) : read(part)))
}

function serveBill({ bill, privateKey }) {
  return serve((request, response) => {
    if (request.url?.startsWith('/v3/billdownload/file')) {
      response.writeHead(200, { 'content-length': bill.size })
      createReadStream(bill.path, { highWaterMark: 1 << 18 }).pipe(response)
      return
    }
    const download_url = `http://${request.headers.host}/v3/billdownload/file?token=x&tartype=gzip`
    respond(response, { hash_type: 'SHA1', hash_value: bill.sha1, download_url }, privateKey)
  })
}

async function read({ role, config, bill, path }) {
  const { Bill, Builder } = await import(options.package)
  const wxpay = Builder.factory(config)
  const figures = await measure(async () => {
    const download = await Bill.trade(wxpay, { bill_date: '2026-11-23', tar_type: 'GZIP' })
    if (role === 'save') await download.save(path)
    else await requireSums(download, bill, Bill)
  })
  if (role === 'save') await requireSame(path, bill)
  return figures
}

async function requireSums(download, bill, { fen }) {
  let rows = 0
  let sum = 0
  for await (const row of download.rows()) {
    rows++
    sum += fen(row.订单金额)
  }
  const { summary } = download
  const isCorrect =
    rows === bill.rows && sum === bill.fen && summary.总交易单数 === String(rows) && fen(summary.订单总金额) === sum
  if (!isCorrect)
    throw new Error(`The bill has ${bill.rows} rows with ${bill.fen} fen in total; got ${rows} with ${sum} fen.`)
}

async function requireSame(path, { sha1, bytes }) {
  const hash = createHash('sha1')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  if (statSync(path).size !== bytes || hash.digest('hex') !== sha1)
    throw new Error('The saved file differs from the bill.')
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

function megabytes(bytes) {
  return (bytes / MEGABYTE).toFixed(0)
}
