import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { SignatureError } from '../../lib/errors.js'
import * as Notification from '../../lib/notification/index.js'
import { keys, notice, payment } from './wechat-pay.js'

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterAll(() => {
  vi.useRealTimers()
})

const notification = Notification.create(keys)
const SIGNED_HEADERS = [
  'wechatpay-timestamp',
  'wechatpay-nonce',
  'wechatpay-serial',
  'wechatpay-signature',
  'wechatpay-signature-type',
] as const

function genuine(): { headers: Record<string, string>; body: Buffer } {
  const { headers, body } = notice()
  return { headers: { ...headers, 'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048' }, body: Buffer.from(body) }
}

type Reason = string | undefined

/** The reason of the refusal; undefined when it is accepted. */
async function reasonOf(headers: Record<string, string>, body: Buffer): Promise<Reason> {
  return notification.parse({ headers, body }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof SignatureError) return error.reason
      throw error
    },
  )
}

// The serial names a key and is not signed; it names the same key in either case.
const isSameSerial = (name: string, value: string, changed: string) =>
  name === 'wechatpay-serial' && value.toUpperCase() === changed.toUpperCase()

const withBit = (text: string, index: number, bit: number) =>
  text.slice(0, index) + String.fromCharCode(text.charCodeAt(index) ^ (1 << bit)) + text.slice(index + 1)

it('the original notification is accepted', async () => {
  const { headers, body } = genuine()
  expect(await notification.parse({ headers, body })).toMatchObject({ resource: payment })
})

it('a body with any byte changed in any one bit is refused', async () => {
  const { headers, body } = genuine()
  const reasons = new Map<Reason, number>()
  for (let index = 0; index < body.length; index++) {
    const changed = Buffer.from(body)
    changed.writeUInt8(body.readUInt8(index) ^ (1 << (index % 8)), index)
    const reason = await reasonOf(headers, changed)
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  expect(Object.fromEntries(reasons)).toEqual({ mismatch: body.length })
})

describe.each(SIGNED_HEADERS)('a %s with any byte changed in any bit is refused', name => {
  const expected = {
    'wechatpay-timestamp': ['headers', 'clock', 'mismatch'],
    'wechatpay-nonce': ['headers', 'mismatch'],
    'wechatpay-serial': ['headers', 'serial'],
    'wechatpay-signature': ['headers', 'mismatch'],
    'wechatpay-signature-type': ['headers'],
  }[name]

  it(`for ${expected.join(' or ')}`, async () => {
    const { headers, body } = genuine()
    const value = headers[name] ?? ''
    const reasons = new Set<Reason>()
    for (let index = 0; index < value.length; index++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = withBit(value, index, bit)
        if (!isSameSerial(name, value, changed)) reasons.add(await reasonOf({ ...headers, [name]: changed }, body))
      }
    }
    expect(expected).toEqual(expect.arrayContaining([...reasons]))
  })
})

/** A generator whose numbers are the same in every run (mulberry32), so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const MUTATIONS: readonly ((bytes: Buffer, below: (limit: number) => number) => Buffer)[] = [
  // Replaces, removes, inserts or repeats bytes, cuts off the end, or swaps two parts.
  (bytes, below) => bytes.fill(below(256), ...oneOf(bytes, below)),
  (bytes, below) => without(bytes, ...oneOf(bytes, below)),
  (bytes, below) => put(bytes, below(bytes.length + 1), Buffer.of(below(256))),
  (bytes, below) => put(bytes, below(bytes.length), bytes.subarray(0, 1 + below(8))),
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  (bytes, below) => {
    const at = 1 + below(bytes.length - 1)
    return Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)])
  },
]

function oneOf(bytes: Buffer, below: (limit: number) => number): [start: number, end: number] {
  const start = below(bytes.length)
  return [start, start + 1]
}

const without = (bytes: Buffer, start: number, end: number) =>
  Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
const put = (bytes: Buffer, at: number, more: Buffer) =>
  Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])

it('of 10,000 random mutations none is accepted', async () => {
  const below = numbers(20_261_124)
  const { headers, body } = genuine()
  const accepted: unknown[] = []
  let tried = 0
  while (tried < 10_000) {
    const mutate = MUTATIONS[below(MUTATIONS.length)] ?? expect.fail('there is none')
    const name = below(3) === 0 ? SIGNED_HEADERS[below(SIGNED_HEADERS.length)] : undefined
    const changed = mutate(Buffer.from(name ? (headers[name] ?? '') : body), below)
    const isUnchanged = name
      ? changed.toString('latin1') === headers[name] ||
        isSameSerial(name, headers[name] ?? '', changed.toString('latin1'))
      : changed.equals(body)
    if (isUnchanged) continue
    tried++
    const reason = name
      ? await reasonOf({ ...headers, [name]: changed.toString('latin1') }, body)
      : await reasonOf(headers, changed)
    if (reason === undefined) accepted.push({ name, changed: changed.toString('latin1') })
  }
  expect(accepted).toEqual([])
})
