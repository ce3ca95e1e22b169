/** The log of notifications. */
import type { MintedNotification } from '../../notification/mint.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { OutgoingNotification } from './outgoing.js'
import type { NotificationResponse } from './sender.js'

export interface SimulatorNotification {
  /** Counts the notifications of a simulator from 1. */
  readonly id: number
  /** `TRANSACTION.SUCCESS`, for example, or `v2/transaction-success` for an order of APIv2. */
  readonly event_type: string
  readonly notify_url: string
  /** The merchant, or the brand by its brand ID, that it is for. */
  readonly mchid: string
  /** The content before encryption. */
  readonly resource: object
  /** Number of attempts. */
  readonly attempts: number
  /** The last 50 attempts, oldest first. */
  readonly history: readonly NotificationAttempt[]
  /**
   * `waiting`: to be sent, or to be sent again. `acknowledged`: with status 200 or 204. `abandoned`: not acknowledged
   * after 15 resends. `skipped`: not sent, because `notify_url` is neither on this machine nor on a host of the option
   * `notify`.
   */
  readonly status: 'waiting' | 'acknowledged' | 'abandoned' | 'skipped'
  /** The status of the response to the last attempt; undefined before it, or without a response within 5 seconds. */
  readonly statusCode: number | undefined
  /** While it waits: when it is due, in milliseconds since 1970 by business time. */
  readonly dueAt: number | undefined
}

/** One attempt to send a notification. */
export interface NotificationAttempt {
  /** Milliseconds since 1970, by business time. */
  readonly time: number
  readonly request: MintedNotification
  /** Undefined without a complete response. */
  response: NotificationResponse | undefined
  /** Why there is no response. */
  error: string | undefined
}

/** How `deliver` sends notifications. */
export interface DeliverOptions {
  /** Number of copies of each notification, sent at the same time, each with its own signature. Default 1. */
  copies?: number
  /** Sends the due notifications in reverse order. Default false. */
  reversed?: boolean
}

/** The state of a notification. */
export interface NotificationProgress
  extends Pick<SimulatorNotification, 'id' | 'attempts' | 'history' | 'status' | 'statusCode' | 'dueAt'> {
  /** Number of resends so far. */
  readonly resends: number
}

/** Everything about the last notifications, as plain data. */
export interface NotificationsSnapshot {
  /** The number of all notifications so far. */
  readonly count: number
  readonly entries: readonly {
    readonly entry: SimulatorNotification
    readonly event: OutgoingNotification['event']
    /** The notifications that are still to be sent. */
    readonly pending?: { readonly dueAt: EpochMilliseconds; readonly resends: number }
  }[]
}
