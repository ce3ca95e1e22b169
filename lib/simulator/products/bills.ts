/** The endpoints of APIv3 bills: each returns a URL, from which the bill can be downloaded for five minutes. */
import * as Rsa from '../../crypto/rsa.js'
import { nonce } from '../../formatter.js'
import { beijingDigits, type EpochMilliseconds } from '../../util/beijing-time.js'
import { clockTime, type DayOptions, generatedTrades, tradesOf } from '../bills/day.js'
import { openFile, sha1, toBytes } from '../bills/file.js'
import { type Flow, flowOf, flowsOf, fundflowBill } from '../bills/fundflow-bill.js'
import type { BillOptions } from '../bills/options.js'
import { collectionsOf, payscoreBill } from '../bills/payscore-bill.js'
import { sharedParts, sharingBill } from '../bills/sharing-bill.js'
import { statement } from '../bills/statement.js'
import { type Trade, type TradeBillType, tradeBill } from '../bills/trade-bill.js'
import { type Call, type Endpoint, ok, requireOwnQuery } from '../gateway/endpoint.js'
import type { EndpointResponse } from '../gateway/router.js'
import type { Content, Downloads } from '../ledger/downloads.js'
import type { Ledger } from '../ledger/ledger.js'
import { payeeOf } from '../ledger/order.js'
import { parameterError, problem } from '../ledger/problem.js'

/** The path of downloads. */
export const PATH = '/v3/billdownload/file'
/** The documented path of bills. */
const FILES = { file: PATH, url: '/v3/bill/downloadurl', payscore: '/v3/payscore/bill/downloadurl' }
/** Milliseconds. */
const DAY = 24 * 60 * 60 * 1000
/** Number of days for which a bill, and a statement, is available. */
const KEPT_DAYS = 92
const KEPT_STATEMENT_DAYS = 180

/** Milliseconds after midnight in Beijing until the bills of the day before are available. */
const READY = 10 * 60 * 60 * 1000

const ACCOUNTS = ['BASIC', 'OPERATION', 'FEES', 'DEPOSIT', 'ALL'] as const

/** The individual formats of a bill type have the same columns here. Nothing is ever refunded to recharge coupons. */
const TRADE_TYPES: Readonly<Record<string, TradeBillType | undefined>> = {
  ALL: 'ALL',
  SUCCESS: 'SUCCESS',
  REFUND: 'REFUND',
  ALL_SPECIAL: 'ALL',
  SUC_SPECIAL: 'SUCCESS',
  REF_SPECIAL: 'REFUND',
  RECHARGE_REFUND: undefined,
}

type BillLedger = Pick<Ledger, 'orders' | 'refunds' | 'accounts' | 'sharing' | 'services' | 'downloads'>

/** The lines of a bill of one day, `YYYYMMDD`; undefined if there is nothing to list. */
type Lines = (sources: BillSources, call: Call, day: DayOptions) => (() => Iterable<string>) | undefined

const trade: Lines = ({ ledger }, call, day) => {
  const type = TRADE_TYPES[requireOneOf(call, 'bill_type', Object.keys(TRADE_TYPES), 'ALL')]
  return type && unlessEmpty([...tradesOf(ledger, day)].filter(isOf(type)), trades => tradeBill(trades, type))
}
const fundflow: Lines = ({ ledger }, call, { subMchid, ...day }) => {
  const account = requireOneOf(call, 'account_type', ACCOUNTS, 'BASIC')
  const invented = account === 'BASIC' ? [...flowsOf(generatedTrades(day))] : []
  return unlessEmpty(
    [...invented, ...ownFlows(ledger, account, { ...day, mchid: subMchid ?? day.mchid })],
    fundflowBill,
  )
}
const allSubMerchants: Lines = ({ ledger, options }, call, day) => {
  const account = requireOneOf(call, 'account_type', ACCOUNTS, 'ALL')
  const subs = new Set(ledger.orders.of(day.mchid).map(payeeOf))
  subs.delete(day.mchid)
  const own = [...subs].flatMap(mchid => ownFlows(ledger, account, { ...day, mchid }))
  const invented = options.rows ? [...flowsOf(generatedTrades(day))] : []
  return unlessEmpty([...invented, ...own], fundflowBill)
}
const sharing: Lines = ({ ledger }, _, day) => unlessEmpty(sharedParts(ledger, day), sharingBill)
const payscore: Lines = ({ ledger }, { query }, day) =>
  unlessEmpty(collectionsOf(ledger, day, query.get('service_id') ?? ''), payscoreBill)

interface BillSources {
  ledger: BillLedger
  origin: () => string
  options: BillOptions
}

/** `origin` returns the URL of the simulator: `http://127.0.0.1:<port>`. */
export function billEndpoints(
  ledger: BillLedger,
  origin: () => string,
  options: BillOptions = {},
): readonly Endpoint[] {
  const sources = { ledger, origin, options }
  const get = (path: string, handle: Endpoint['handle']): Endpoint => ({ method: 'GET', path, handle })
  const plain = (path: string, lines: Lines, file = FILES.file) =>
    get(path, call => createBill(call, sources, lines, file))
  const encrypted = (path: string, lines: Lines, file = FILES.url, algorithm = 'algorithm') =>
    get(path, call => createEncryptedBill(call, sources, lines, { file, algorithm }))
  return [
    plain('/v3/bill/tradebill', trade),
    plain('/v3/bill/fundflowbill', fundflow),
    plain('/v3/profitsharing/bills', sharing, FILES.url),
    encrypted('/v3/bill/sub-merchant-fundflowbill', fundflow),
    encrypted('/v3/ecommerce/bill/fundflowbill', allSubMerchants),
    encrypted('/v3/payscore/merchant-bill', payscore, FILES.payscore, 'encryption_algorithm'),
    get('/v3/global/statements', call => sendStatement(call, sources)),
    get('/v3/statements', call => sendStatement(call, sources)),
    ...Object.values(FILES).map(path => get(path, call => download(call, ledger.downloads))),
  ]
}

/** The movements of the merchant's account on the day, or of all its accounts. */
export function ownFlows(
  { accounts }: Pick<Ledger, 'accounts'>,
  account: 'BASIC' | 'OPERATION' | 'FEES' | 'DEPOSIT' | 'ALL',
  { mchid, date }: Pick<DayOptions, 'mchid' | 'date'>,
): Flow[] {
  const types = account === 'ALL' ? (['BASIC', 'OPERATION', 'FEES'] as const) : [account]
  return types
    .flatMap(type => (type === 'DEPOSIT' ? [] : accounts.movementsOn(mchid, type, date)))
    .map(movement => flowOf(movement, clockTime))
}

/** Whether a trade is in a bill of the type. */
export function isOf(type: TradeBillType): (trade: Trade) => boolean {
  return ({ refund }) => type === 'ALL' || (type === 'REFUND') === (refund !== undefined)
}

function unlessEmpty<Line>(lines: readonly Line[], bill: (lines: readonly Line[]) => Iterable<string>) {
  return lines.length === 0 ? undefined : () => bill(lines)
}

function createBill(call: Call, sources: BillSources, lines: Lines, file: string): EndpointResponse {
  const content = contentOf(call, sources, lines)
  const isCompressed = wantsGzip(call)
  const token = sources.ledger.downloads.add({ content, isCompressed }, call.now)
  return ok({ hash_type: 'SHA1', hash_value: sha1(content), download_url: url(sources, file, token, isCompressed) })
}

/** `algorithm` is the name of the parameter. */
function createEncryptedBill(
  call: Call,
  sources: BillSources,
  lines: Lines,
  { file, algorithm }: { file: string; algorithm: string },
): EndpointResponse {
  requireOneOf(call, algorithm, ['AEAD_AES_256_GCM'], 'AEAD_AES_256_GCM')
  const whole = Buffer.concat([...contentOf(call, sources, lines)()])
  const isCompressed = wantsGzip(call)
  const { parts = 2 } = sources.options
  const list = cut(whole, parts).map((part, index) => {
    const content = () => [part]
    const encryption = { key: nonce(32), nonce: nonce(16) }
    const token = sources.ledger.downloads.add({ content, isCompressed, encryption }, call.now)
    return {
      bill_sequence: index + 1,
      hash_type: 'SHA1',
      hash_value: sha1(content),
      download_url: url(sources, file, token, isCompressed),
      encrypt_key: Rsa.encrypt(encryption.key, call.merchant.publicKey),
      nonce: encryption.nonce,
    }
  })
  // Reversed, because clients must not rely on the order of the list.
  return ok({ download_bill_count: parts, download_bill_list: list.reverse() })
}

/** A statement is sent at once, and its digest is signed. */
function sendStatement(call: Call, { ledger, options: { rows = 0, seed = 1 } }: BillSources): EndpointResponse {
  requireOwnQuery(call)
  const date = call.query.get('date') ?? ''
  const written = date.replace(/^(....)(..)(..)$/, '$1-$2-$3')
  requireReady(call, { date: written, name: 'date', keptDays: KEPT_STATEMENT_DAYS })
  const subMchid = call.query.get('sub_mchid') ?? undefined
  const trades = [...tradesOf(ledger, { mchid: call.merchant.mchid, subMchid, date, rows, seed })]
  if (trades.length === 0) throw noStatement()
  const content = () => toBytes(statement(trades))
  const file = { contentType: 'text/plain; charset=utf-8', sha1: sha1(content), open: content }
  return { statusCode: 200, body: '', file }
}

function download(call: Call, downloads: Downloads): EndpointResponse {
  const file = downloads.find(call.query.get('token'), call.now)
  const contentType = file.isCompressed ? 'application/x-gzip' : 'text/plain; charset=utf-8'
  return { statusCode: 200, body: '', file: { contentType, open: () => openFile(file) } }
}

function contentOf(call: Call, sources: BillSources, lines: Lines): Content {
  const { rows = 0, seed = 1 } = sources.options
  const date = requireReady(call, { date: call.query.get('bill_date') ?? '', name: 'bill_date', keptDays: KEPT_DAYS })
  const subMchid = call.query.get('sub_mchid') ?? undefined
  const bill = lines(sources, call, { mchid: call.merchant.mchid, subMchid, date, rows, seed })
  if (!bill) throw noStatement()
  return () => toBytes(bill())
}

/** Whether the bill of a day, `YYYYMMDD`, is not available yet: it is from 10 a.m. on the next day. */
export function isEarly(date: string, now: EpochMilliseconds): boolean {
  return date >= beijingDigits(now - READY).slice(0, 8)
}

function noStatement() {
  return problem(400, 'NO_STATEMENT_EXIST', '账单文件不存在')
}

/**
 * Returns `YYYYMMDD` for the `YYYY-MM-DD` of the parameter `name`. The bill of a day is available from 10 a.m. on the
 * next day, for some months.
 */
function requireReady(
  { now }: Call,
  { date, name, keptDays }: { date: string; name: string; keptDays: number },
): string {
  const digits = date.replaceAll('-', '')
  const isWellFormed = /^\d{4}-\d{2}-\d{2}$/.test(date) && isDay(date)
  if (!isWellFormed || digits > beijingDigits(now).slice(0, 8)) {
    throw parameterError(`输入源“/query/${name}”映射到字段“账单日期”规则校验失败`, {
      field: name,
      value: date,
      issue: 'must be a past day',
      location: 'query',
    })
  }
  if (isEarly(digits, now)) throw problem(400, 'STATEMENT_CREATING', '账单生成中，请稍后再试')
  if (digits < beijingDigits(now - keptDays * DAY).slice(0, 8)) {
    throw problem(400, 'NO_STATEMENT_EXIST', '账单下载申请超出可下载的时间范围')
  }
  return digits
}

// `Date.parse` accepts February 30 as March 2.
function isDay(date: string): boolean {
  const time = Date.parse(date)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date)
}

function wantsGzip(call: Call): boolean {
  return requireOneOf(call, 'tar_type', ['GZIP', ''], '') === 'GZIP'
}

function requireOneOf<Value extends string>(
  { query }: Call,
  name: string,
  values: readonly Value[],
  absent: Value,
): Value {
  const given = query.get(name) ?? absent
  const found = values.find(value => value === given)
  if (found !== undefined) return found
  throw parameterError(`输入源“/query/${name}”规则校验失败，值必须是 ${values.join('、')} 之一`, {
    field: name,
    value: given,
    issue: `值必须是 ${values.join('、')} 之一`,
    location: 'query',
  })
}

function url({ origin }: BillSources, path: string, token: string, isCompressed: boolean): string {
  return `${origin()}${path}?token=${token}${isCompressed ? '&tartype=gzip' : ''}`
}

function cut(bytes: Buffer, parts: number): Buffer[] {
  const size = Math.ceil(bytes.length / parts)
  return Array.from({ length: parts }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}
