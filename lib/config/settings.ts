/** A checked configuration: values only, which every layer above may read. */
import type { KeyObject } from 'node:crypto'
import type { Store } from '../stores/store.js'
import type { TransportSettings } from '../transport/settings.js'
import type { Hooks } from './hooks.js'
import type { Keys } from './keys.js'

export interface Settings extends Keys {
  readonly mchid: string
  /** Shares certificates and seen notifications with other processes. */
  readonly store: Store
  /** Whether the sensitive fields that the catalogue marks are encrypted and decrypted. */
  readonly encrypt: boolean
  /** The secret of the WeCom application that pays. */
  readonly agentSecret: KeyObject | undefined
  /** The authorities to trust in place of the well-known ones, as PEM. */
  readonly ca: readonly string[] | undefined
  /** Whether APIv2 goes to the sandbox only. */
  readonly sandbox: boolean
  /** Whether the base URI is WeChat Pay's main host, where endpoints of another host are not. */
  readonly isMainHost: boolean
  readonly transport: TransportSettings
  /** Where to go when the base URI cannot be reached. */
  readonly fallbackUri: URL | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly hooks: Hooks
}
