/** A configuration that was checked: what the rooms below the client work with. */
import type { KeyObject } from 'node:crypto'
import type { Hooks } from './hooks.js'
import type { TransportSettings } from './transport/settings.js'
import type { Signer, Verifier } from './trust/verifier.js'

export interface Settings {
  readonly mchid: string
  readonly signer: Signer
  readonly verifier: Verifier
  readonly apiv3Key: KeyObject | undefined
  readonly secret: KeyObject | undefined
  readonly transport: TransportSettings
  /** Where to go when the base URI cannot be reached. */
  readonly fallbackUri: URL | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly hooks: Hooks
}
