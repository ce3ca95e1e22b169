/** The settings of a client, so that notifications and front-end parameters share its live keys. */
import type { Settings } from '../config/settings.js'
import type { Verifier } from '../trust/verifier.js'
import { sharedMap } from '../util/shared-map.js'
import type { FetchFile } from './client.js'

/** A client that `Builder.factory` created. */
export interface Client {
  readonly chain: (path: string) => unknown
}

/** The settings that other modules may read. */
export type SharedSettings = Pick<Settings, 'caller' | 'privateKey' | 'signer' | 'apiv3Key' | 'secret' | 'store'> &
  Partial<Pick<Settings, 'transport' | 'fallbackUri' | 'encrypt' | 'identity'>> & {
    /** Verifies notifications. */
    readonly verifier: Verifier
    readonly fetchFile?: FetchFile
  }

// A client is a proxy without properties of its own, so its settings can only be kept beside it.
const settings = sharedMap<object, SharedSettings>('clients')

export function register(client: object, its: SharedSettings): void {
  settings.set(client, its)
}

/** The settings of a client; undefined for anything else. */
export function settingsOf(client: unknown): SharedSettings | undefined {
  const isObject = (typeof client === 'object' && client !== null) || typeof client === 'function'
  return isObject ? settings.get(client) : undefined
}
