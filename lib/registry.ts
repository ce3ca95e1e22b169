/** Which settings stand behind a client, so that notifications and front-end parameters share its live keys. */
import type { KeyObject } from 'node:crypto'
import type { Settings } from './settings.js'
import type { Store } from './stores/store.js'

/** A client, as `Builder.factory` makes it. */
export interface Client {
  readonly chain: (path: string) => unknown
}

/** What of a client's settings is shared. */
export interface SharedSettings extends Pick<Settings, 'mchid' | 'signer' | 'verifier' | 'apiv3Key' | 'secret'> {
  /** Absent when a `signer` signs elsewhere. */
  readonly privateKey?: KeyObject | undefined
  readonly store?: Store | undefined
}

// A client is a proxy without properties of its own, so that its settings can only be kept beside it.
const settings = new WeakMap<object, SharedSettings>()

export function register(client: object, shared: SharedSettings): void {
  settings.set(client, shared)
}

/** The settings of a client; undefined for everything else. */
export function settingsOf(client: unknown): SharedSettings | undefined {
  const isObject = (typeof client === 'object' && client !== null) || typeof client === 'function'
  return isObject ? settings.get(client) : undefined
}
