/** The operations of the control API: each with the schemas of its request and response, and its implementation. */
import type { SimulatorBrandConfig, SimulatorConfig } from '../config.js'
import type { ActiveFault, Misbehaviour } from '../gateway/faults.js'
import type { SimulatorRequest } from '../gateway/request-log.js'
import type { Span } from '../ledger/clock.js'
import type { Entry } from '../ledger/entries.js'
import type { DeliverOptions, SimulatorNotification } from '../notify/log.js'
import type { JsonSchema } from '../schema/validator.js'
import type { SimulatorSnapshot } from '../state/journal.js'
import type { SignedCall, SignedCallOptions } from './call.js'
import { ENTRY } from './entries.js'
import { FAULT, listFault, MISBEHAVIOUR, readMisbehaviour, type SentMisbehaviour } from './faults.js'
import type { ListedOrder } from './orders.js'
import { ANY_FIELDS, BOOLEAN, described, INTEGER, list, object, STRING } from './schema.js'
import {
  BRAND,
  CALL,
  CALLED,
  CONFIG,
  DONE,
  FAIL,
  MCHID,
  NOTIFICATION,
  ORDER,
  REQUEST,
  SNAPSHOT,
  SPAN,
} from './shapes.js'

/** The members of a simulator that the control API calls. */
export interface ControlledSimulator {
  readonly url: string
  readonly httpsUrl: string | undefined
  readonly config: SimulatorConfig
  /** Generates its keys on the first call. */
  readonly brand: SimulatorBrandConfig
  readonly requests: readonly SimulatorRequest[]
  readonly notifications: readonly SimulatorNotification[]
  pay(out_trade_no: string, options: { openid?: string; fail?: string; mchid?: string }): { transaction_id?: string }
  settle(out_refund_no: string, options: { fail?: string; mchid?: string }): void
  confirm(out_bill_no: string, options: { fail?: string; mchid?: string }): void
  advance(span: Span): Promise<void>
  trigger(
    event_type: string,
    options: { to?: string; override?: Readonly<Record<string, unknown>>; mchid?: string },
  ): Promise<SimulatorNotification>
  replay(id: number): Promise<SimulatorNotification>
  deliver(options: DeliverOptions): Promise<void>
  hold(): void
  release(): void
  misbehave(rule: Misbehaviour): void
  behave(id?: number): void
  reset(): void
  restore(snapshot: SimulatorSnapshot): void
}

/** What the control API can use. */
export interface Controlled {
  readonly simulator: ControlledSimulator
  /** Business time, in milliseconds since 1970. */
  readonly now: number
  /** The URL for other devices of the network; undefined if they cannot reach it. */
  readonly networkUrl: string | undefined
  /** Whether notifications wait for `deliver` or `release`. */
  readonly isHeld: boolean
  readonly faults: readonly ActiveFault[]
  /** The configurations of all merchants. */
  readonly configs: readonly SimulatorConfig[]
  /** The configurations of the brands that have keys. */
  readonly brands: readonly SimulatorBrandConfig[]
  /** Oldest first. */
  listEntries(): readonly Entry[]
  listOrders(): readonly ListedOrder[]
  /** A snapshot that also shows later changes: for a caller that serializes it at once. */
  content(): SimulatorSnapshot
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
  /** Whether it returns a list, of which `?limit=` takes the newest. */
  readonly isList?: true
  handle(controlled: Controlled, body: unknown): unknown
}

/** An operation whose body has passed its schema, and therefore has the type that the schema describes. */
function operation<Body>(
  definition: Omit<ControlOperation, 'handle'> & { handle(controlled: Controlled, body: Body): unknown },
): ControlOperation {
  return { ...definition, handle: (controlled, body) => definition.handle(controlled, body as Body) }
}

export const OPERATIONS: readonly ControlOperation[] = [
  operation({
    method: 'GET',
    name: 'health',
    summary: 'Whether the simulator is ready, its addresses and its business time',
    response: object(
      {
        status: STRING,
        url: STRING,
        httpsUrl: STRING,
        networkUrl: described(STRING, 'The URL for phones of the same network; missing if they cannot reach it.'),
        mchid: STRING,
        now: described(STRING, 'ISO 8601.'),
        held: described(BOOLEAN, 'Whether notifications wait for `deliver` or `release`.'),
      },
      ['httpsUrl', 'networkUrl'],
    ),
    handle: ({ simulator: { url, httpsUrl, config }, networkUrl, now, isHeld }) => ({
      status: 'ready',
      url,
      httpsUrl,
      networkUrl,
      mchid: config.mchid,
      now: new Date(now).toISOString(),
      held: isHeld,
    }),
  }),
  operation({
    method: 'GET',
    name: 'config',
    summary: 'The configuration of the merchant',
    response: CONFIG,
    handle: ({ simulator }) => simulator.config,
  }),
  operation({
    method: 'GET',
    name: 'brand',
    summary: 'The configuration of the brand, whose keys are generated on the first call',
    response: BRAND,
    handle: ({ simulator }) => simulator.brand,
  }),
  operation({
    method: 'GET',
    name: 'configs',
    summary: 'The configurations of all merchants, and of the brands that have keys already',
    response: object({ merchants: { type: 'array', items: CONFIG }, brands: { type: 'array', items: BRAND } }),
    handle: ({ configs, brands }) => ({ merchants: configs, brands }),
  }),
  operation({
    method: 'GET',
    name: 'entries',
    summary: 'Everything in the ledger, of every product, oldest first',
    isList: true,
    response: list('entries', ENTRY),
    handle: controlled => ({ entries: controlled.listEntries() }),
  }),
  operation({
    method: 'GET',
    name: 'orders',
    summary: 'All orders, oldest first',
    isList: true,
    response: list('orders', ORDER),
    handle: controlled => ({ orders: controlled.listOrders() }),
  }),
  operation({
    method: 'GET',
    name: 'requests',
    summary: 'The last 1000 requests, oldest first',
    isList: true,
    response: list('requests', REQUEST),
    handle: ({ simulator }) => ({ requests: simulator.requests }),
  }),
  operation({
    method: 'GET',
    name: 'notifications',
    summary: 'The last 1000 notifications, oldest first',
    isList: true,
    response: list('notifications', NOTIFICATION),
    handle: ({ simulator }) => ({ notifications: simulator.notifications }),
  }),
  operation({
    method: 'GET',
    name: 'faults',
    summary: 'The rules of `misbehave` that still apply, oldest first',
    isList: true,
    response: list('faults', FAULT),
    handle: ({ faults }) => ({ faults: faults.map(listFault) }),
  }),
  operation<{ out_trade_no: string; openid?: string; fail?: string; mchid?: string }>({
    method: 'POST',
    name: 'pay',
    summary: 'The payer pays an order',
    body: object({ out_trade_no: STRING, openid: STRING, fail: FAIL, mchid: MCHID }, ['openid', 'fail', 'mchid']),
    response: object({ transaction_id: described(STRING, 'Missing when the payment fails.') }, ['transaction_id']),
    handle: ({ simulator }, { out_trade_no, ...options }) => simulator.pay(out_trade_no, options),
  }),
  operation<{ out_refund_no: string; fail?: string; mchid?: string }>({
    method: 'POST',
    name: 'settle',
    summary: 'The money of a refund arrives',
    body: object({ out_refund_no: STRING, fail: FAIL, mchid: MCHID }, ['fail', 'mchid']),
    response: DONE,
    handle: ({ simulator }, { out_refund_no, ...options }) => simulator.settle(out_refund_no, options),
  }),
  operation<{ out_bill_no: string; fail?: string; mchid?: string }>({
    method: 'POST',
    name: 'confirm',
    summary: 'The user confirms a transfer',
    body: object({ out_bill_no: STRING, fail: FAIL, mchid: MCHID }, ['fail', 'mchid']),
    response: DONE,
    handle: ({ simulator }, { out_bill_no, ...options }) => simulator.confirm(out_bill_no, options),
  }),
  operation<Span>({
    method: 'POST',
    name: 'advance',
    summary: 'Moves business time forward',
    body: SPAN,
    response: object({ now: described(STRING, 'Business time, ISO 8601.') }),
    handle: async (controlled, span) => {
      await controlled.simulator.advance(span)
      return { now: new Date(controlled.now).toISOString() }
    },
  }),
  operation<{ event_type: string; to?: string; override?: Record<string, unknown>; mchid?: string }>({
    method: 'POST',
    name: 'trigger',
    summary: 'Sends a notification of any documented event, with sampled content',
    body: object(
      {
        event_type: described(
          STRING,
          'Such as `TRANSACTION.SUCCESS`; those of APIv2 begin with `v2/`. `COMPLAINT.CREATE` also begins a complaint, and `COMPLAINT.STATE_CHANGE` continues it, with the fields of `override`.',
        ),
        to: described(STRING, 'The URL that it is sent to. Default: that of the last notification.'),
        override: described(ANY_FIELDS, 'Fields of the content by their paths: `{ "amount.total": 100 }`.'),
        mchid: described(STRING, 'The merchant, or the brand by its brand_id, that it is for. Default: the first one.'),
      },
      ['to', 'override', 'mchid'],
    ),
    response: object({ notification: NOTIFICATION }),
    handle: async ({ simulator }, { event_type, ...options }) => ({
      notification: await simulator.trigger(event_type, options),
    }),
  }),
  operation<{ id: number }>({
    method: 'POST',
    name: 'replay',
    summary: 'Sends a notification once more',
    body: object({ id: INTEGER }),
    response: object({ notification: NOTIFICATION }),
    handle: async ({ simulator }, { id }) => ({ notification: await simulator.replay(id) }),
  }),
  operation<DeliverOptions>({
    method: 'POST',
    name: 'deliver',
    summary: 'Sends the notifications that are due, including held ones',
    body: object({ copies: INTEGER, reversed: { type: 'boolean' } }, ['copies', 'reversed']),
    response: DONE,
    handle: ({ simulator }, options) => simulator.deliver(options),
  }),
  operation({
    method: 'POST',
    name: 'hold',
    summary: 'From now on, notifications wait for `deliver` or `release`',
    body: DONE,
    response: DONE,
    handle: ({ simulator }) => simulator.hold(),
  }),
  operation({
    method: 'POST',
    name: 'release',
    summary: 'Notifications are sent automatically again',
    body: DONE,
    response: DONE,
    handle: ({ simulator }) => simulator.release(),
  }),
  operation<SentMisbehaviour>({
    method: 'POST',
    name: 'misbehave',
    summary: 'Makes the next matching requests fail',
    body: MISBEHAVIOUR,
    response: DONE,
    handle: ({ simulator }, rule) => simulator.misbehave(readMisbehaviour(rule)),
  }),
  operation<{ id?: number }>({
    method: 'POST',
    name: 'behave',
    summary: 'Removes all rules of `misbehave`, or one of them',
    body: object({ id: described(INTEGER, 'The ID of a rule in `faults`. Default: all rules.') }, ['id']),
    response: DONE,
    handle: ({ simulator }, { id }) => simulator.behave(id),
  }),
  operation({
    method: 'POST',
    name: 'reset',
    summary: 'Forgets everything but the keys',
    body: DONE,
    response: DONE,
    handle: ({ simulator }) => simulator.reset(),
  }),
  operation({
    method: 'GET',
    name: 'snapshot',
    summary: 'Returns everything that `reset` forgets, for `restore`',
    response: SNAPSHOT,
    handle: controlled => controlled.content(),
  }),
  operation<SimulatorSnapshot>({
    method: 'POST',
    name: 'restore',
    summary: 'Replaces everything by a snapshot of a simulator with the same merchants',
    body: SNAPSHOT,
    response: DONE,
    handle: ({ simulator }, snapshot) => simulator.restore(snapshot),
  }),
  operation<SignedCallOptions>({
    method: 'POST',
    name: 'call',
    summary: 'Calls WeChat Pay as the merchant: signs the request, and returns it with the response',
    body: CALL,
    response: CALLED,
    handle: (controlled, options) => controlled.signedCall(options),
  }),
]
