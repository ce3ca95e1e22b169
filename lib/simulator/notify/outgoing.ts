/** A notification to send: plain data, which is encrypted and signed again for each attempt. */
import { createHash } from 'node:crypto'
import { type MintedEvent, type MintedNotification, type MintedXmlEvent, mint } from '../../notification/mint.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Callers } from '../keys/callers.js'
import { BRAND_SCHEME, type Merchant } from '../keys/merchant.js'

export interface OutgoingNotification {
  readonly notify_url: string
  /** The merchant ID or the brand ID of the recipient. Default: the recipient that the content names. */
  readonly recipient?: string
  readonly event: MintedEvent | MintedXmlEvent
}

/** The fields that name the recipient. A partner comes before its sub-merchant. */
const NAMES = ['sp_mchid', 'combine_mchid', 'mchid', 'mch_id', 'stock_creator_mchid', 'brand_id'] as const

/** The recipient of a notification: the first merchant, if the content names none of the simulator's. */
export function recipientOf({ recipient, event }: OutgoingNotification, callers: Callers): Merchant {
  const named = [recipient, ...NAMES.map(name => Reflect.get(event.resource, name))]
  const found = named.flatMap(id => callers.find(String(id)) ?? [])[0]
  return found ?? callers.first
}

/** `sentAt` is the machine's time. */
export function mintFor(
  { scheme, mchid, secret, apiv3Key, platform }: Merchant,
  event: OutgoingNotification['event'],
  sentAt: EpochMilliseconds,
): MintedNotification {
  if (isXml(event)) return mint(event, { secret, apiv3Key })
  const { serial, privateKey } = platform.signing(undefined, sentAt)
  const brand = scheme === BRAND_SCHEME && { brand_id: mchid }
  return mint(event, { serial, privateKey, apiv3Key, ...brand }, { timestamp: Math.floor(sentAt / 1000) })
}

/** The recipient recognizes a resend by the ID. A notification of APIv2 has none. */
export function withEventId(event: OutgoingNotification['event'], seed: string): OutgoingNotification['event'] {
  return isXml(event) ? event : { id: uuidOf(seed), ...event }
}

function isXml(event: OutgoingNotification['event']): event is MintedXmlEvent {
  return event.event_type.startsWith('v2/')
}

function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}
