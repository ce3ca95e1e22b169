/** The endpoints of APIv3 bills: each returns a URL, from which the bill can be downloaded for five minutes. */
import * as Rsa from '../../crypto/rsa.js'
import { nonce } from '../../formatter.js'
import { beijingDigits } from '../../util/beijing-time.js'
import { type DayOptions, hasTrades, tradesOf } from '../bills/day.js'
import { openFile, sha1, toBytes } from '../bills/file.js'
import { fundflowBill } from '../bills/fundflow-bill.js'
import type { BillOptions } from '../bills/options.js'
import { type Trade, type TradeBillType, tradeBill } from '../bills/trade-bill.js'
import { type Call, type Endpoint, ok } from '../gateway/endpoint.js'
import type { EndpointResponse } from '../gateway/router.js'
import type { Content, Downloads } from '../ledger/downloads.js'
import type { Ledger } from '../ledger/ledger.js'
import { parameterError, problem } from '../ledger/problem.js'

const PATH = '/v3/billdownload/file'
/** Milliseconds. */
const DAY = 24 * 60 * 60 * 1000
/** Number of days for which a bill is available. */
const KEPT_DAYS = 92

type Lines = (trades: Iterable<Trade>, call: Call) => Iterable<string>

const trade: Lines = (trades, call) =>
  tradeBill(trades, requireOneOf(call, 'bill_type', ['ALL', 'SUCCESS', 'REFUND'] satisfies TradeBillType[], 'ALL'))
const fundflow: Lines = (trades, call) => {
  requireOneOf(call, 'account_type', ['BASIC', 'OPERATION', 'FEES', 'DEPOSIT', 'ALL'], 'BASIC')
  return fundflowBill(trades)
}

interface BillSources extends Pick<Ledger, 'orders' | 'downloads'> {
  origin: () => string
  options: BillOptions
}

/** `origin` returns the URL of the simulator: `http://127.0.0.1:<port>`. */
export function billEndpoints(
  { orders, downloads }: Pick<Ledger, 'orders' | 'downloads'>,
  origin: () => string,
  options: BillOptions = {},
): readonly Endpoint[] {
  const sources = { orders, downloads, origin, options }
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
    encrypted('/v3/bill/sub-merchant-fundflowbill', fundflow),
    encrypted('/v3/ecommerce/bill/fundflowbill', fundflow),
    { method: 'GET', path: PATH, handle: call => download(call, downloads) },
  ]
}

function createBill(call: Call, sources: BillSources, lines: Lines): EndpointResponse {
  const content = contentOf(call, sources, lines)
  const isCompressed = wantsGzip(call)
  const token = sources.downloads.add({ content, isCompressed }, call.now)
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
    const token = sources.downloads.add({ content, isCompressed, encryption }, call.now)
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

function contentOf(call: Call, { orders, options }: BillSources, lines: Lines): Content {
  const { rows = 20, seed = 1 } = options
  const day: DayOptions = { mchid: call.merchant.mchid, date: requireDate(call), rows, seed }
  if (!hasTrades(orders, day)) throw problem(400, 'NO_STATEMENT_EXIST', '账单文件不存在')
  return () => toBytes(lines(tradesOf(orders, day), call))
}

/** Returns `YYYYMMDD`. The bill of a day is available from the next day, for three months. */
function requireDate({ query, now }: Call): string {
  const date = query.get('bill_date') ?? ''
  const digits = date.replaceAll('-', '')
  const today = beijingDigits(now).slice(0, 8)
  const isWellFormed = /^\d{4}-\d{2}-\d{2}$/.test(date) && isDay(date)
  if (!isWellFormed || digits > today) {
    throw parameterError('输入源“/query/bill_date”映射到字段“账单日期”规则校验失败', {
      field: 'bill_date',
      value: date,
      issue: 'must be a past day in the format YYYY-MM-DD',
      location: 'query',
    })
  }
  if (digits === today) throw problem(400, 'STATEMENT_CREATING', '账单生成中，请稍后再试')
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
