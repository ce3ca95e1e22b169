/** The content of a notification without an order, sampled from its documented schema. */

import { randomUUID } from 'node:crypto'
import { InvalidArgumentError } from '../../errors.js'
import type { MintedEvent, MintedXmlEvent } from '../../notification/mint.js'
import { encryptFields } from '../../trust/encrypt-fields.js'
import { eventFacts } from '../../types/generated/event-facts.js'
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import { isRecord } from '../../util/plain-object.js'
import type { Merchant } from '../keys/merchant.js'
import { type DocumentName, resolve, type Schema, webhookOf } from '../schema/catalogue.js'
import { sample } from '../schema/sample.js'

/** The fields that `mint` adds to a message of APIv2. */
const MINTED = ['nonce_str', 'sign', 'event_algorithm', 'event_nonce', 'event_associated_data']

const V2_KNOWN = { sign_type: 'MD5', return_code: 'SUCCESS', result_code: 'SUCCESS' }

/**
 * `override` sets fields by their paths: `{ 'amount.total': 100 }`.
 *
 * @throws InvalidArgumentError for an event that is not documented, and for an unknown path.
 */
export function sampledEvent(
  event_type: string,
  override: Readonly<Record<string, unknown>>,
  merchant: Merchant,
  now: EpochMilliseconds,
): MintedEvent | MintedXmlEvent {
  const document = event_type.startsWith('v2/') ? 'v2' : 'v3'
  const schema = webhookOf(document, document === 'v2' ? event_type.slice(3) : event_type)
  if (!schema) {
    throw new InvalidArgumentError(
      `\`event_type\` must be a documented event such as 'TRANSACTION.SUCCESS'; got ${JSON.stringify(event_type)}. Check the spelling; the events of APIv2 begin with 'v2/'.`,
    )
  }
  const resource = contentOf(document, schema, {
    mchid: merchant.mchid,
    mch_id: merchant.mchid,
    event_id: randomUUID(),
    ...V2_KNOWN,
  })
  for (const [path, value] of Object.entries(override)) assign(resource, path, value)
  if (isXmlType(event_type)) return { event_type, resource }
  const encrypted = encryptFields(resource, eventFacts.get(event_type)?.encrypted ?? [], merchant.publicKey)
  return { event_type, create_time: beijingTime(now), summary: event_type, resource: Object(encrypted) }
}

function isXmlType(event_type: string): event_type is `v2/${string}` {
  return event_type.startsWith('v2/')
}

function contentOf(document: DocumentName, given: Schema, known: object): Record<string, unknown> {
  const schema = resolve(document, given)
  const { properties = {} } = schema
  const content = Object.entries({ ...Object(sample(schema, { document, echoes: [known] })) })
  if (document === 'v3') return Object.fromEntries(content)
  const fields = content.filter(([name]) => !MINTED.includes(name))
  return Object.fromEntries(
    fields.map(([name, value]) => {
      // `mint` encrypts objects. Other fields that hold JSON are strings.
      const { contentSchema, 'x-encrypted': isEncrypted } = properties[name] ?? {}
      return [name, contentSchema && isEncrypted ? contentOf(document, contentSchema, known) : value]
    }),
  )
}

function assign(target: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.')
  const name = steps.pop() ?? ''
  let place: unknown = target
  for (const step of steps) {
    const parent = place
    place = isContainer(parent) ? (Object.hasOwn(parent, step) ? Reflect.get(parent, step) : {}) : undefined
    if (isContainer(parent)) Reflect.set(parent, step, place)
  }
  if (isContainer(place))
    return void Object.defineProperty(place, name, { value, enumerable: true, configurable: true, writable: true })
  throw new InvalidArgumentError(
    `\`override\` must name fields of the event; got ${JSON.stringify(path)}, which names a field of a value without fields. Set that value instead.`,
  )
}

function isContainer(value: unknown): value is object {
  return isRecord(value) || Array.isArray(value)
}
