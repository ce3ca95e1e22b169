/** A checked configuration: only values, which every layer above may read. */
import type { KeyObject } from 'node:crypto'
import type { Store } from '../stores/store.js'
import type { TransportSettings } from '../transport/settings.js'
import type { PoolOptions } from '../transport/undici.js'
import type { Caller, CallerId } from './caller.js'
import type { Hooks } from './hooks.js'
import type { Keys } from './keys.js'

export interface Settings extends Keys {
  readonly caller: Caller
  /** Shares certificates and handled notifications with other processes. */
  readonly store: Store
  /** Whether the sensitive fields that the catalogue marks are encrypted and decrypted. */
  readonly encrypt: boolean
  /** The secret of the WeCom application that pays. */
  readonly agentSecret: KeyObject | undefined
  /** How the client connects, where a call has no dispatcher of its own. */
  readonly pool: PoolOptions
  /** Whether APIv2 calls may only go to the sandbox. */
  readonly sandbox: boolean
  /** Whether the base URI is WeChat Pay's main host, which does not have the endpoints of other hosts. */
  readonly isMainHost: boolean
  readonly transport: TransportSettings
  /** The base URI to use if the first cannot be reached. */
  readonly fallbackUri: URL | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly hooks: Hooks<CallerId>
}
