/** Which settings stand behind a client, so that notifications and front-end parameters share its live keys. */
import type { Settings } from '../config/settings.js'

/** A client, as `Builder.factory` makes it. */
export interface Client {
  readonly chain: (path: string) => unknown
}

/** What of a client's settings is shared. */
export type SharedSettings = Pick<
  Settings,
  'mchid' | 'privateKey' | 'signer' | 'verifier' | 'apiv3Key' | 'secret' | 'store'
> &
  Partial<Pick<Settings, 'transport' | 'fallbackUri' | 'encrypt'>>

// A client is a proxy without properties of its own, so that its settings can only be kept beside it.
const settings = new WeakMap<object, SharedSettings>()

export function register(client: object, its: SharedSettings): void {
  settings.set(client, its)
}

/** The settings of a client; undefined for everything else. */
export function settingsOf(client: unknown): SharedSettings | undefined {
  const isObject = (typeof client === 'object' && client !== null) || typeof client === 'function'
  return isObject ? settings.get(client) : undefined
}
