/** Turns the notices of the ledger into notifications. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Notice } from '../ledger/book.js'
import type { OutgoingNotification } from './outgoing.js'

export function notificationOf(notice: Notice, now: EpochMilliseconds): OutgoingNotification {
  const { notify_url, recipient, ...event } = notice
  const to = { notify_url, ...(recipient !== undefined && { recipient }) }
  return { ...to, event: 'summary' in event ? { ...event, create_time: beijingTime(now) } : event }
}
