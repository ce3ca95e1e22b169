/** The keys that open notifications: those of a client, or those of a configuration. */
import { factory } from '../builder.js'
import { type Client, settingsOf } from '../client/settings-of.js'
import type { Config } from '../config/config.js'
import { readMerchant } from '../config/merchant-certificate.js'
import { aesKey } from '../crypto/bytes.js'
import { type KeyInput, loadPrivateKey } from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'
import type { Store } from '../stores/store.js'
import { decryptText } from '../trust/decrypt-text.js'
import type { Decrypt } from '../trust/encrypt-fields.js'
import { KeyStore } from '../trust/platform-key-ring.js'
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
  /** Opens the fields that are encrypted for the merchant; without it they stay as they come. */
  readonly decrypt: Decrypt | undefined
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

// Read anew every time, since a running client may be given new keys.
function keysOfClient(client: unknown): NotificationKeys | undefined {
  const settings = settingsOf(client)
  if (!settings) return undefined
  const now = () => settingsOf(client) ?? settings
  return {
    get verifier() {
      return now().verifier
    },
    get apiv3Key() {
      return now().apiv3Key?.export()
    },
    get secret() {
      return now().secret?.export().toString()
    },
    get decrypt() {
      const { encrypt = true, signer } = now()
      return encrypt ? signer.decrypt?.bind(signer) : undefined
    },
    store: settings.store,
  }
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
    decrypt: readDecrypt(config),
    store: config.store,
  }
}

function isConfig(source: unknown): source is NotificationConfig {
  return typeof source === 'object' && source !== null && !Array.isArray(source)
}

// A configuration without `certs` downloads platform certificates, which takes the whole client.
function mustDownload(config: NotificationConfig): config is Config {
  const { mchid, verifier, apiv3Key, privateKey, signer, merchant } = config
  const canAsk = mchid !== undefined && (privateKey ?? signer ?? merchant) !== undefined
  return canAsk && apiv3Key !== undefined && !verifier && certsOf(config).length === 0
}

function readDecrypt({ encrypt, signer, privateKey, merchant, mchid = '' }: NotificationConfig): Decrypt | undefined {
  if (encrypt === 'off') return undefined
  if (signer) return signer.decrypt?.bind(signer)
  const key =
    privateKey === undefined ? readMerchant(merchant, String(mchid))?.key : loadPrivateKey(privateKey, 'privateKey')
  return key && (ciphertext => decryptText(ciphertext, key))
}

function readVerifier(config: NotificationConfig, now: () => number): Verifier | undefined {
  const certs = certsOf(config)
  if (config.verifier || certs.length === 0) return config.verifier
  return new KeyStore({ configured: loadPlatformKeys(certs), now })
}

function certsOf({ certs = {} }: NotificationConfig): [serial: string, input: KeyInput][] {
  return Object.entries(certs)
}

function readKey(key: string | Uint8Array, option: string): Uint8Array {
  try {
    return aesKey(key)
  } catch (cause) {
    throw new InvalidArgumentError(`\`${option}\` must be 32 bytes, as it was set in the merchant platform.`, { cause })
  }
}
