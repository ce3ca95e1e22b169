/** Bills by APIv3: asked for with what they are of, then downloaded from a URL that lives for 5 minutes. */

import * as Rsa from '../../crypto/rsa.js'
import { nonce } from '../../formatter.js'
import { beijingDigits } from '../../util/beijing-time.js'
import { type Call, type Endpoint, ok } from '../gateway/endpoint.js'
import type { Reply } from '../gateway/router.js'
import type { Orders } from '../ledger/orders.js'
import { parameterError, problem } from '../ledger/problem.js'
import { type DayOptions, hasTrades, tradesOf } from './day.js'
import { type Content, openFile, Shelf, sha1, toBytes } from './file.js'
import { fundflowBill } from './fundflow-bill.js'
import type { BillOptions } from './options.js'
import { type Trade, type TradeBillType, tradeBill } from './trade-bill.js'

const PATH = '/v3/billdownload/file'
const DAY = 24 * 60 * 60 * 1000
const LONGEST_AGO = 92

type Lines = (trades: Iterable<Trade>, call: Call) => Iterable<string>

const trade: Lines = (trades, call) =>
  tradeBill(trades, requireOneOf(call, 'bill_type', ['ALL', 'SUCCESS', 'REFUND'] satisfies TradeBillType[], 'ALL'))
const fundflow: Lines = (trades, call) => {
  requireOneOf(call, 'account_type', ['BASIC', 'OPERATION', 'FEES', 'DEPOSIT', 'ALL'], 'BASIC')
  return fundflowBill(trades)
}

/** `origin` is where the simulator listens: `http://127.0.0.1:<port>`. */
export function billEndpoints(orders: Orders, origin: () => string, options: BillOptions = {}): readonly Endpoint[] {
  const shelf = new Shelf()
  const room = { orders, origin, options, shelf }
  const plain = (path: string, lines: Lines): Endpoint => ({
    method: 'GET',
    path,
    handle: call => offer(call, room, lines),
  })
  const sealed = (path: string, lines: Lines): Endpoint => ({
    method: 'GET',
    path,
    handle: call => offerParts(call, room, lines),
  })
  return [
    plain('/v3/bill/tradebill', trade),
    plain('/v3/bill/fundflowbill', fundflow),
    sealed('/v3/bill/sub-merchant-fundflowbill', fundflow),
    sealed('/v3/ecommerce/bill/fundflowbill', fundflow),
    { method: 'GET', path: PATH, handle: call => hand(call, shelf) },
  ]
}

interface Room {
  orders: Orders
  origin: () => string
  options: BillOptions
  shelf: Shelf
}

function offer(call: Call, room: Room, lines: Lines): Reply {
  const content = contentOf(call, room, lines)
  const isCompressed = wantsGzip(call)
  const token = room.shelf.add({ content, isCompressed }, call.now)
  return ok({ hash_type: 'SHA1', hash_value: sha1(content), download_url: url(room, token, isCompressed) })
}

function offerParts(call: Call, room: Room, lines: Lines): Reply {
  requireOneOf(call, 'algorithm', ['AEAD_AES_256_GCM'], 'AEAD_AES_256_GCM')
  const all = [...contentOf(call, room, lines)()]
  const isCompressed = wantsGzip(call)
  const { parts = 2 } = room.options
  const list = cut(Buffer.concat(all), parts).map((part, index) => {
    const content = () => [part]
    const seal = { key: nonce(32), nonce: nonce(16) }
    const token = room.shelf.add({ content, isCompressed, seal }, call.now)
    return {
      bill_sequence: index + 1,
      hash_type: 'SHA1',
      hash_value: sha1(content),
      download_url: url(room, token, isCompressed),
      encrypt_key: Rsa.encrypt(seal.key, call.merchant.publicKey),
      nonce: seal.nonce,
    }
  })
  // Nobody should rely on the order of the list.
  return ok({ download_bill_count: parts, download_bill_list: list.reverse() })
}

function hand(call: Call, shelf: Shelf): Reply {
  const file = shelf.take(call.query.get('token'), call.now)
  const contentType = file.isCompressed ? 'application/x-gzip' : 'text/plain; charset=utf-8'
  return { statusCode: 200, body: '', file: { contentType, open: () => openFile(file) } }
}

function contentOf(call: Call, { orders, options }: Room, lines: Lines): Content {
  const { rows = 20, seed = 1 } = options
  const day: DayOptions = { mchid: call.merchant.mchid, date: requireDate(call), rows, seed }
  if (!hasTrades(orders, day)) throw problem(400, 'NO_STATEMENT_EXIST', '账单文件不存在')
  return () => toBytes(lines(tradesOf(orders, day), call))
}

/** As `YYYYMMDD`. The bill of a day is made on the next; those of the last three months are kept. */
function requireDate({ query, now }: Call): string {
  const date = query.get('bill_date') ?? ''
  const digits = date.replaceAll('-', '')
  const today = beijingDigits(now).slice(0, 8)
  const isWellFormed = /^\d{4}-\d{2}-\d{2}$/.test(date) && isDay(date)
  if (!isWellFormed || digits > today) {
    throw parameterError('输入源“/query/bill_date”映射到字段“账单日期”规则校验失败', {
      field: 'bill_date',
      value: date,
      issue: 'a day that is past, as YYYY-MM-DD',
      location: 'query',
    })
  }
  if (digits === today) throw problem(400, 'STATEMENT_CREATING', '账单生成中，请稍后再试')
  if (digits < beijingDigits(now - LONGEST_AGO * DAY).slice(0, 8)) {
    throw problem(400, 'NO_STATEMENT_EXIST', '仅支持三个月内的账单下载申请')
  }
  return digits
}

// `Date.parse` takes February 30 for March 2.
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

function url({ origin }: Room, token: string, isCompressed: boolean): string {
  return `${origin()}${PATH}?token=${token}${isCompressed ? '&tartype=gzip' : ''}`
}

function cut(bytes: Buffer, parts: number): Buffer[] {
  const size = Math.ceil(bytes.length / parts)
  return Array.from({ length: parts }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}
