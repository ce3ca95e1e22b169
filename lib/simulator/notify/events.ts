/** Turns the notices of the ledger into notifications. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Notice } from '../ledger/book.js'
import type { OutgoingNotification } from './outgoing.js'

export function notificationOf(notice: Notice, now: EpochMilliseconds): OutgoingNotification {
  const { notify_url, ...event } = notice
  return { notify_url, event: 'summary' in event ? { ...event, create_time: beijingTime(now) } : event }
}
