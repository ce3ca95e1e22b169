/** A notification on its way: plain data, from which each attempt is encrypted and signed anew. */
import { createHash } from 'node:crypto'
import { type MintedEvent, type MintedNotification, type MintedXmlEvent, mint } from '../../notification/mint.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Merchant } from '../keys/merchant.js'

export interface OutgoingNotification {
  readonly notify_url: string
  readonly event: MintedEvent | MintedXmlEvent
}

/** `sentAt` is the machine's time. */
export function mintFor(
  { secret, apiv3Key, platform }: Merchant,
  event: OutgoingNotification['event'],
  sentAt: EpochMilliseconds,
): MintedNotification {
  if (isXml(event)) return mint(event, { secret, apiv3Key })
  const { serial, privateKey } = platform.signing(undefined, sentAt)
  return mint(event, { serial, privateKey, apiv3Key }, { timestamp: Math.floor(sentAt / 1000) })
}

/** With the ID by which the recipient knows a resend; a notification of APIv2 has none. */
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
