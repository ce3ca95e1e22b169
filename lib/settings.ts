/** A configuration that was checked: what the rooms below the client work with. */
import type { KeyObject } from 'node:crypto'
import type { Hooks } from './hooks.js'
import type { Store } from './stores/store.js'
import type { TransportSettings } from './transport/settings.js'
import type { ClientCertificate } from './transport/tls.js'
import type { Signer, Verifier } from './trust/verifier.js'

export interface Settings {
  readonly mchid: string
  /** Absent when a `signer` signs elsewhere. */
  readonly privateKey: KeyObject | undefined
  readonly signer: Signer
  /** Who vouches for WeChat Pay in what arrives by itself. */
  readonly verifier: Verifier
  /** Who vouches for WeChat Pay in a call. */
  readonly verifierFor: (call: { template: string; baseUri: URL }) => Verifier
  readonly apiv3Key: KeyObject | undefined
  readonly secret: KeyObject | undefined
  /** Shares certificates and seen notifications with other processes. */
  readonly store: Store
  /** Whether the sensitive fields that the catalogue marks are encrypted and decrypted. */
  readonly encrypt: boolean
  /** The secret of the WeCom application that pays. */
  readonly agentSecret: KeyObject | undefined
  /** Shown to WeChat Pay where an endpoint needs it. */
  readonly identity: ClientCertificate | undefined
  /** The authorities to trust in place of the well-known ones, as PEM. */
  readonly ca: readonly string[] | undefined
  /** Whether there is what APIv3 is signed and verified with. */
  readonly speaksV3: boolean
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
