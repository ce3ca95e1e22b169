/** The operations of the control API: each with the schemas of its request and response, and what it does. */
import type { SimulatorConfig } from '../config.js'
import type { Misbehaviour } from '../gateway/faults.js'
import type { SimulatorRequest } from '../gateway/request-log.js'
import type { Span } from '../ledger/clock.js'
import type { DeliverOptions, SimulatorNotification } from '../notify/notifications.js'
import type { JsonSchema } from '../schema/validator.js'
import type { SignedCall, SignedCallOptions } from './call.js'
import type { ListedOrder } from './orders.js'

/** What the control API controls: a simulator. */
export interface Controlled {
  readonly url: string
  readonly httpsUrl: string | undefined
  readonly config: SimulatorConfig
  readonly requests: readonly SimulatorRequest[]
  readonly notifications: readonly SimulatorNotification[]
  /** Business time, in milliseconds since 1970. */
  readonly now: number
  listOrders(): readonly ListedOrder[]
  pay(out_trade_no: string, options: { openid?: string; fail?: string }): { transaction_id?: string }
  settle(out_refund_no: string, options: { fail?: string }): void
  confirm(out_bill_no: string, options: { fail?: string }): void
  advance(span: Span): Promise<void>
  trigger(
    event_type: string,
    options: { to?: string; override?: Readonly<Record<string, unknown>> },
  ): Promise<SimulatorNotification>
  replay(id: number): Promise<SimulatorNotification>
  deliver(options: DeliverOptions): Promise<void>
  hold(): void
  release(): void
  misbehave(rule: Misbehaviour): void
  behave(): void
  reset(): void
  signedCall(options: SignedCallOptions): Promise<SignedCall>
}

export interface ControlOperation {
  readonly method: 'GET' | 'POST'
  /** The path below `/_sim/`. */
  readonly name: string
  readonly summary: string
  /** The JSON that it takes; undefined for GET. */
  readonly body?: JsonSchema
  readonly response: JsonSchema
  handle(simulator: Controlled, body: unknown): unknown
}

const STRING = { type: 'string' }
const NUMBER = { type: 'number' }
const INTEGER = { type: 'integer' }

export function object(properties: Record<string, JsonSchema>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(properties).filter(name => !optional.includes(name))
  return { type: 'object', ...(required.length > 0 && { required }), properties, additionalProperties: false }
}

function list(name: string, items: JsonSchema): JsonSchema {
  return object({ [name]: { type: 'array', items } })
}

function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description }
}

const FAIL = described(STRING, 'Why it fails: the code of WeChat Pay, such as `NOTENOUGH`. Without it, it succeeds.')
const DONE = object({})
const HEADERS = { type: 'object', additionalProperties: true }

const ORDER = object(
  {
    out_trade_no: STRING,
    mchid: STRING,
    description: STRING,
    trade_type: STRING,
    trade_state: STRING,
    total: described(INTEGER, 'Fen.'),
    refunded: described(INTEGER, 'Fen, including refunds in progress.'),
    currency: STRING,
    prepay_id: STRING,
    openid: STRING,
    transaction_id: STRING,
    success_time: STRING,
  },
  ['openid', 'transaction_id', 'success_time'],
)

const REQUEST = object(
  {
    id: described(INTEGER, 'Counts the requests from 1.'),
    time: described(INTEGER, 'When it arrived: milliseconds since 1970.'),
    method: STRING,
    path: described(STRING, 'The path and the query, as received.'),
    headers: described(HEADERS, 'By lower-case name; the value of `authorization` is redacted.'),
    authorization: described(HEADERS, 'The parameters of `authorization`, except the signature.'),
    body: STRING,
    statusCode: described(INTEGER, 'Missing until the response is sent.'),
    refusal: described(STRING, 'The response to a request that was refused.'),
  },
  ['authorization', 'statusCode', 'refusal'],
)

const ATTEMPT = object(
  {
    time: described(INTEGER, 'Milliseconds since 1970, by business time.'),
    request: object({ headers: HEADERS, body: STRING }),
    response: object({ statusCode: INTEGER, headers: HEADERS, body: STRING }),
    error: described(STRING, 'Why there is no response.'),
  },
  ['response', 'error'],
)

const NOTIFICATION = object(
  {
    id: described(INTEGER, 'Counts the notifications from 1.'),
    event_type: STRING,
    notify_url: STRING,
    resource: described(HEADERS, 'The content before its encryption.'),
    attempts: described(INTEGER, 'How often it has been sent.'),
    history: { type: 'array', items: ATTEMPT, description: 'The last 50 attempts, oldest first.' },
    status: { type: 'string', enum: ['waiting', 'acknowledged', 'abandoned', 'skipped'] },
    statusCode: described(INTEGER, 'The status of the last response.'),
    dueAt: described(INTEGER, 'While it waits: milliseconds since 1970, by business time.'),
  },
  ['statusCode', 'dueAt'],
)

const CONFIG = {
  ...object(
    {
      mchid: STRING,
      serial: described(STRING, 'Of the merchant API certificate.'),
      privateKey: described(STRING, 'PEM.'),
      certs: described(HEADERS, 'PEM by serial number: what WeChat Pay signs with.'),
      apiv3Key: STRING,
      secret: described(STRING, 'The APIv2 key.'),
      merchant: object({ cert: STRING, key: STRING }),
      base_uri: STRING,
      ca: described(STRING, 'PEM: the certificate to trust, with https.'),
    },
    ['ca'],
  ),
  description: 'The merchant, as `Builder.factory` takes it. All of it is made up: the keys open nothing elsewhere.',
}

const CALL = object(
  {
    mchid: described(STRING, 'Who calls: a merchant, or a brand by its brand_id. Default: the first one.'),
    method: { type: 'string', pattern: '^(?:GET|POST|PUT|PATCH|DELETE)$' },
    path: described(
      STRING,
      'With its query; paths of APIv2 begin with `v2/`. A URL that the simulator has returned is a path, too.',
    ),
    query: described(HEADERS, 'Added to the query of `path`.'),
    json: described({}, 'The payload of APIv3. Sensitive fields are given in plain text.'),
    xml: described(HEADERS, 'The fields of APIv2; `mch_id`, `nonce_str` and `sign` are added.'),
    file: described(STRING, 'The content of a file to upload, as Base64. Its digest is added.'),
    filename: described(STRING, 'Default: `file` with the extension for its content.'),
    meta: described(HEADERS, 'The fields that go with the file, besides its name and its digest.'),
    headers: described(HEADERS, 'Added to those of a client.'),
    encrypt: described({ type: 'boolean' }, 'Whether sensitive fields are encrypted; default true.'),
  },
  ['mchid', 'query', 'json', 'xml', 'file', 'filename', 'meta', 'headers', 'encrypt'],
)

const CALLED = object({
  request: object({
    method: STRING,
    path: STRING,
    headers: HEADERS,
    body: described(STRING, 'Of an upload, its `meta`.'),
    signed: described(STRING, 'The string that was signed.'),
  }),
  response: object(
    {
      statusCode: described(INTEGER, '0 where a fault closed the connection.'),
      contentType: described(STRING, 'Without its parameters, such as `image/jpeg`.'),
      headers: HEADERS,
      body: described(STRING, 'A file that is not UTF-8 comes as Base64.'),
      encoding: { type: 'string', enum: ['utf8', 'base64'] },
    },
    ['contentType'],
  ),
})

const SPAN = object({ days: NUMBER, hours: NUMBER, minutes: NUMBER, seconds: NUMBER }, [
  'days',
  'hours',
  'minutes',
  'seconds',
])

const MISBEHAVIOUR = object(
  {
    times: described(
      { type: ['integer', 'null'] },
      'How many requests it applies to; default 1, null means until `behave`.',
    ),
    every: described(INTEGER, 'Applies to every n-th matching request; default 1.'),
    match: object(
      {
        method: STRING,
        path: described(STRING, 'The path without its query.'),
        pattern: described(STRING, 'A regular expression, in place of `path`.'),
      },
      ['method', 'path', 'pattern'],
    ),
    latency: described({ type: ['number', 'null'] }, 'Milliseconds; null means that there is never a response.'),
    status: { type: 'integer', enum: [429, 500, 502, 503, 504] },
    drop: { type: 'string', enum: ['request', 'response'] },
    signature: { type: 'string', enum: ['headers', 'serial', 'mismatch', 'probe'] },
    clockSkew: described(INTEGER, 'Seconds.'),
    content: { type: 'string', enum: ['cut', 'flip'] },
  },
  ['times', 'every', 'match', 'latency', 'status', 'drop', 'signature', 'clockSkew', 'content'],
)

interface SentMisbehaviour extends Omit<Misbehaviour, 'times' | 'latency' | 'match'> {
  times?: number | null
  latency?: number | null
  match?: { method?: string; path?: string; pattern?: string }
}

/** An operation whose body has passed its schema, and therefore has the type that the schema describes. */
function operation<Body>(
  definition: Omit<ControlOperation, 'handle'> & { handle(simulator: Controlled, body: Body): unknown },
): ControlOperation {
  return { ...definition, handle: (simulator, body) => definition.handle(simulator, body as Body) }
}

export const OPERATIONS: readonly ControlOperation[] = [
  operation({
    method: 'GET',
    name: 'health',
    summary: 'Whether the simulator is ready, its addresses and its business time',
    response: object(
      { status: STRING, url: STRING, httpsUrl: STRING, mchid: STRING, now: described(STRING, 'ISO 8601.') },
      ['httpsUrl'],
    ),
    handle: ({ url, httpsUrl, config, now }) => ({
      status: 'ready',
      url,
      httpsUrl,
      mchid: config.mchid,
      now: new Date(now).toISOString(),
    }),
  }),
  operation({
    method: 'GET',
    name: 'config',
    summary: 'The configuration of the merchant',
    response: CONFIG,
    handle: ({ config }) => config,
  }),
  operation({
    method: 'GET',
    name: 'orders',
    summary: 'All orders, oldest first',
    response: list('orders', ORDER),
    handle: simulator => ({ orders: simulator.listOrders() }),
  }),
  operation({
    method: 'GET',
    name: 'requests',
    summary: 'The last 1000 requests, oldest first',
    response: list('requests', REQUEST),
    handle: ({ requests }) => ({ requests }),
  }),
  operation({
    method: 'GET',
    name: 'notifications',
    summary: 'The last 1000 notifications, oldest first',
    response: list('notifications', NOTIFICATION),
    handle: ({ notifications }) => ({ notifications }),
  }),
  operation<{ out_trade_no: string; openid?: string; fail?: string }>({
    method: 'POST',
    name: 'pay',
    summary: 'The payer pays an order',
    body: object({ out_trade_no: STRING, openid: STRING, fail: FAIL }, ['openid', 'fail']),
    response: object({ transaction_id: described(STRING, 'Missing when the payment fails.') }, ['transaction_id']),
    handle: (simulator, { out_trade_no, ...options }) => simulator.pay(out_trade_no, options),
  }),
  operation<{ out_refund_no: string; fail?: string }>({
    method: 'POST',
    name: 'settle',
    summary: 'The money of a refund arrives',
    body: object({ out_refund_no: STRING, fail: FAIL }, ['fail']),
    response: DONE,
    handle: (simulator, { out_refund_no, ...options }) => simulator.settle(out_refund_no, options),
  }),
  operation<{ out_bill_no: string; fail?: string }>({
    method: 'POST',
    name: 'confirm',
    summary: 'The user confirms a transfer',
    body: object({ out_bill_no: STRING, fail: FAIL }, ['fail']),
    response: DONE,
    handle: (simulator, { out_bill_no, ...options }) => simulator.confirm(out_bill_no, options),
  }),
  operation<Span>({
    method: 'POST',
    name: 'advance',
    summary: 'Business time moves forward',
    body: SPAN,
    response: object({ now: described(STRING, 'Business time, ISO 8601.') }),
    handle: async (simulator, span) => {
      await simulator.advance(span)
      return { now: new Date(simulator.now).toISOString() }
    },
  }),
  operation<{ event_type: string; to?: string; override?: Record<string, unknown> }>({
    method: 'POST',
    name: 'trigger',
    summary: 'Sends a notification of any documented event, with sampled content',
    body: object(
      {
        event_type: described(STRING, 'Such as `TRANSACTION.SUCCESS`; those of APIv2 begin with `v2/`.'),
        to: described(STRING, 'Its URL. Default: that of the last notification.'),
        override: described(HEADERS, 'Fields of the content by their paths: `{ "amount.total": 100 }`.'),
      },
      ['to', 'override'],
    ),
    response: object({ notification: NOTIFICATION }),
    handle: async (simulator, { event_type, ...options }) => ({
      notification: await simulator.trigger(event_type, options),
    }),
  }),
  operation<{ id: number }>({
    method: 'POST',
    name: 'replay',
    summary: 'Sends a notification once more',
    body: object({ id: INTEGER }),
    response: object({ notification: NOTIFICATION }),
    handle: async (simulator, { id }) => ({ notification: await simulator.replay(id) }),
  }),
  operation<DeliverOptions>({
    method: 'POST',
    name: 'deliver',
    summary: 'Sends the notifications that are due, also those that are held',
    body: object({ copies: INTEGER, reversed: { type: 'boolean' } }, ['copies', 'reversed']),
    response: DONE,
    handle: (simulator, options) => simulator.deliver(options),
  }),
  operation({
    method: 'POST',
    name: 'hold',
    summary: 'From now on, notifications wait for `deliver` or `release`',
    body: DONE,
    response: DONE,
    handle: simulator => simulator.hold(),
  }),
  operation({
    method: 'POST',
    name: 'release',
    summary: 'Notifications are sent automatically again',
    body: DONE,
    response: DONE,
    handle: simulator => simulator.release(),
  }),
  operation<SentMisbehaviour>({
    method: 'POST',
    name: 'misbehave',
    summary: 'The next matching requests fail',
    body: MISBEHAVIOUR,
    response: DONE,
    handle: (simulator, rule) => simulator.misbehave(readMisbehaviour(rule)),
  }),
  operation({
    method: 'POST',
    name: 'behave',
    summary: 'No request fails on purpose any more',
    body: DONE,
    response: DONE,
    handle: simulator => simulator.behave(),
  }),
  operation({
    method: 'POST',
    name: 'reset',
    summary: 'Forgets everything but the keys',
    body: DONE,
    response: DONE,
    handle: simulator => simulator.reset(),
  }),
  operation<SignedCallOptions>({
    method: 'POST',
    name: 'call',
    summary: 'Calls WeChat Pay as the merchant: signs the request, and returns it with the response',
    body: CALL,
    response: CALLED,
    handle: (simulator, options) => simulator.signedCall(options),
  }),
]

// JSON has neither Infinity nor regular expressions.
function readMisbehaviour({ times, latency, match, ...rule }: SentMisbehaviour): Misbehaviour {
  const { pattern, ...matched } = match ?? {}
  return {
    ...rule,
    ...(times !== undefined && { times: times ?? Number.POSITIVE_INFINITY }),
    ...(latency !== undefined && { latency: latency ?? Number.POSITIVE_INFINITY }),
    ...(match && { match: { ...matched, ...(pattern !== undefined && { path: new RegExp(pattern) }) } }),
  }
}
