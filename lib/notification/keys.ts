/** The keys that open notifications: those of a client, or those of a configuration. */
import { factory } from '../builder.js'
import type { Config } from '../config.js'
import { aesKey } from '../crypto/aes-key.js'
import { loadPrivateKey } from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'
import { type Client, settingsOf } from '../registry.js'
import type { Store } from '../stores/store.js'
import { KeyStore } from '../trust/key-store.js'
import { loadPlatformKeys } from '../trust/platform-keys.js'
import type { Verifier } from '../trust/verifier.js'

/** The options of `Builder.factory`; only `certs` (or `verifier`) and `apiv3Key`, or `secret` for APIv2, are needed. */
export type NotificationConfig = Partial<Config> & { store?: Store }

export interface NotificationKeys {
  readonly verifier: Verifier | undefined
  /** 32 bytes. */
  readonly apiv3Key: Uint8Array | undefined
  /** The APIv2 key. */
  readonly secret: string | undefined
  readonly store: Store | undefined
}

/** @throws InvalidArgumentError when nothing could be opened with what is given, and for keys that cannot be right. */
export function readKeys(source: NotificationConfig | Client, now: () => number): NotificationKeys {
  const keys = keysOfClient(source) ?? keysOfConfig(source, now)
  if ((keys.verifier && keys.apiv3Key) || keys.secret) return keys
  throw new InvalidArgumentError(
    `${keys.verifier ? '`apiv3Key` is' : '`certs` are'} missing: notifications of APIv3 are verified with \`certs\` and opened with \`apiv3Key\`, those of APIv2 with \`secret\`.`,
  )
}

function keysOfClient(client: unknown): NotificationKeys | undefined {
  const settings = settingsOf(client)
  return (
    settings && {
      verifier: settings.verifier,
      apiv3Key: settings.apiv3Key?.export(),
      secret: settings.secret?.export().toString(),
      store: settings.store,
    }
  )
}

function keysOfConfig(config: NotificationConfig | Client, now: () => number): NotificationKeys {
  if (!isConfig(config)) {
    throw new InvalidArgumentError(
      'Notification.create takes the options of Builder.factory, or a client that Builder.factory made.',
    )
  }
  if (mustDownload(config)) return readKeys(factory(config), now)
  const { secret } = config
  return {
    verifier: readVerifier(config, now),
    apiv3Key: config.apiv3Key === undefined ? undefined : readKey(config.apiv3Key, 'apiv3Key'),
    secret: secret === undefined ? undefined : Buffer.from(readKey(secret, 'secret')).toString(),
    store: config.store,
  }
}

function isConfig(source: unknown): source is NotificationConfig {
  return typeof source === 'object' && source !== null && !Array.isArray(source)
}

// A configuration without `certs` downloads platform certificates, which needs the whole client.
function mustDownload(config: NotificationConfig): config is Config {
  const { mchid, certs, verifier, apiv3Key, privateKey, signer } = config
  return !certs && !verifier && mchid !== undefined && apiv3Key !== undefined && (privateKey ?? signer) !== undefined
}

function readVerifier(
  { verifier, certs, serial, privateKey }: NotificationConfig,
  now: () => number,
): Verifier | undefined {
  const entries = Object.entries(certs ?? {})
  if (verifier || entries.length === 0) return verifier
  const own = privateKey === undefined ? undefined : loadPrivateKey(privateKey, 'privateKey')
  return new KeyStore({ configured: loadPlatformKeys(entries, serial ?? '', own), now })
}

function readKey(key: string | Uint8Array, option: string): Uint8Array {
  try {
    return aesKey(key)
  } catch (cause) {
    throw new InvalidArgumentError(`\`${option}\` must be 32 bytes, as it was set in the merchant platform.`, { cause })
  }
}
