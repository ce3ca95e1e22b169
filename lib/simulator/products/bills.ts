/** The endpoints of APIv3 bills: each returns a URL, from which the bill can be downloaded for five minutes. */
import * as Rsa from '../../crypto/rsa.js'
import { nonce } from '../../formatter.js'
import { beijingDigits, type EpochMilliseconds } from '../../util/beijing-time.js'
import { clockTime, type DayOptions, generatedTrades, tradesOf } from '../bills/day.js'
import { openFile, sha1, toBytes } from '../bills/file.js'
import { type Flow, flowOf, flowsOf, fundflowBill } from '../bills/fundflow-bill.js'
import type { BillOptions } from '../bills/options.js'
import { type Trade, type TradeBillType, tradeBill } from '../bills/trade-bill.js'
import { type Call, type Endpoint, ok } from '../gateway/endpoint.js'
import type { EndpointResponse } from '../gateway/router.js'
import type { Content, Downloads } from '../ledger/downloads.js'
import type { Ledger } from '../ledger/ledger.js'
import { payeeOf } from '../ledger/order.js'
import { parameterError, problem } from '../ledger/problem.js'

/** Where files are downloaded from. */
export const PATH = '/v3/billdownload/file'
/** Milliseconds. */
const DAY = 24 * 60 * 60 * 1000
/** Number of days for which a bill is available. */
const KEPT_DAYS = 92

/** Milliseconds after midnight in Beijing at which the bills of the day before are there. */
const READY = 10 * 60 * 60 * 1000

type BillLedger = Pick<Ledger, 'orders' | 'refunds' | 'accounts' | 'downloads'>

/** The lines of a bill of one day, `YYYYMMDD`; undefined when there is nothing to be listed. */
type Lines = (sources: BillSources, call: Call, day: DayOptions) => (() => Iterable<string>) | undefined

const trade: Lines = ({ ledger }, call, day) => {
  const type = requireOneOf(call, 'bill_type', ['ALL', 'SUCCESS', 'REFUND'] satisfies TradeBillType[], 'ALL')
  return unlessEmpty([...tradesOf(ledger, day)].filter(isOf(type)), trades => tradeBill(trades, type))
}
const fundflow: Lines = ({ ledger }, call, day) => {
  const account = requireOneOf(call, 'account_type', ['BASIC', 'OPERATION', 'FEES', 'DEPOSIT', 'ALL'], 'BASIC')
  const invented = account === 'BASIC' ? [...flowsOf(generatedTrades(day))] : []
  return unlessEmpty([...invented, ...ownFlows(ledger, account, day)], fundflowBill)
}
const subMerchant: Lines = (sources, call, day) =>
  fundflow(sources, call, { ...day, mchid: call.query.get('sub_mchid') ?? '' })
const allSubMerchants: Lines = ({ ledger, options }, call, day) => {
  const account = requireOneOf(call, 'account_type', ['ALL', 'BASIC', 'OPERATION', 'FEES', 'DEPOSIT'], 'ALL')
  const subs = new Set(ledger.orders.of(day.mchid).map(payeeOf))
  subs.delete(day.mchid)
  const own = [...subs].flatMap(mchid => ownFlows(ledger, account, { ...day, mchid }))
  const invented = options.rows ? [...flowsOf(generatedTrades(day))] : []
  return unlessEmpty([...invented, ...own], fundflowBill)
}

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
  const plain = (path: string, lines: Lines): Endpoint => ({
    method: 'GET',
    path,
    handle: call => createBill(call, sources, lines),
  })
  const encrypted = (path: string, lines: Lines): Endpoint => ({
    method: 'GET',
    path,
    handle: call => createEncryptedBill(call, sources, lines),
  })
  return [
    plain('/v3/bill/tradebill', trade),
    plain('/v3/bill/fundflowbill', fundflow),
    encrypted('/v3/bill/sub-merchant-fundflowbill', subMerchant),
    encrypted('/v3/ecommerce/bill/fundflowbill', allSubMerchants),
    { method: 'GET', path: PATH, handle: call => download(call, ledger.downloads) },
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

function createBill(call: Call, sources: BillSources, lines: Lines): EndpointResponse {
  const content = contentOf(call, sources, lines)
  const isCompressed = wantsGzip(call)
  const token = sources.ledger.downloads.add({ content, isCompressed }, call.now)
  return ok({ hash_type: 'SHA1', hash_value: sha1(content), download_url: url(sources, token, isCompressed) })
}

function createEncryptedBill(call: Call, sources: BillSources, lines: Lines): EndpointResponse {
  requireOneOf(call, 'algorithm', ['AEAD_AES_256_GCM'], 'AEAD_AES_256_GCM')
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
      download_url: url(sources, token, isCompressed),
      encrypt_key: Rsa.encrypt(encryption.key, call.merchant.publicKey),
      nonce: encryption.nonce,
    }
  })
  // Reversed, because clients must not rely on the order of the list.
  return ok({ download_bill_count: parts, download_bill_list: list.reverse() })
}

function download(call: Call, downloads: Downloads): EndpointResponse {
  const file = downloads.find(call.query.get('token'), call.now)
  const contentType = file.isCompressed ? 'application/x-gzip' : 'text/plain; charset=utf-8'
  return { statusCode: 200, body: '', file: { contentType, open: () => openFile(file) } }
}

function contentOf(call: Call, sources: BillSources, lines: Lines): Content {
  const { rows = 0, seed = 1 } = sources.options
  const bill = lines(sources, call, { mchid: call.merchant.mchid, date: requireDate(call), rows, seed })
  if (!bill) throw problem(400, 'NO_STATEMENT_EXIST', '账单文件不存在')
  return () => toBytes(bill())
}

/** Whether the bill of a day, `YYYYMMDD`, is not there yet: it is from ten o'clock on the next day. */
export function isEarly(date: string, now: EpochMilliseconds): boolean {
  return date >= beijingDigits(now - READY).slice(0, 8)
}

/** Returns `YYYYMMDD`. The bill of a day is there from ten o'clock on the next day, for three months. */
function requireDate({ query, now }: Call): string {
  const date = query.get('bill_date') ?? ''
  const digits = date.replaceAll('-', '')
  const isWellFormed = /^\d{4}-\d{2}-\d{2}$/.test(date) && isDay(date)
  if (!isWellFormed || digits > beijingDigits(now).slice(0, 8)) {
    throw parameterError('输入源“/query/bill_date”映射到字段“账单日期”规则校验失败', {
      field: 'bill_date',
      value: date,
      issue: 'must be a past day in the format YYYY-MM-DD',
      location: 'query',
    })
  }
  if (isEarly(digits, now)) throw problem(400, 'STATEMENT_CREATING', '账单生成中，请稍后再试')
  if (digits < beijingDigits(now - KEPT_DAYS * DAY).slice(0, 8)) {
    throw problem(400, 'NO_STATEMENT_EXIST', '仅支持三个月内的账单下载申请')
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

function requireOneOf<const Value extends string>(
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

function url({ origin }: BillSources, token: string, isCompressed: boolean): string {
  return `${origin()}${PATH}?token=${token}${isCompressed ? '&tartype=gzip' : ''}`
}

function cut(bytes: Buffer, parts: number): Buffer[] {
  const size = Math.ceil(bytes.length / parts)
  return Array.from({ length: parts }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}
