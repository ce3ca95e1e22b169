/** The keys of a recipient, which verify and decrypt its notifications. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { factory } from '../builder.js'
import { type Client, settingsOf } from '../client/settings-of.js'
import { type Caller, readCaller } from '../config/caller.js'
import { readCerts, requirePublicKeys } from '../config/certs.js'
import type { BrandConfig, Config } from '../config/config.js'
import type { KeyOptions } from '../config/keys.js'
import { readMerchant } from '../config/merchant-certificate.js'
import { aesKey } from '../crypto/bytes.js'
import { type KeyInput, loadSigningKey } from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'
import type { Store } from '../stores/store.js'
import { decryptField } from '../trust/decrypt-field.js'
import type { Decrypt } from '../trust/encrypt-fields.js'
import { PlatformKeyRing } from '../trust/platform-key-ring.js'
import type { Verifier } from '../trust/verifier.js'
import { systemClock } from '../util/deadline.js'
import { isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'

/** The options of `Builder.factory`; only `certs` (or `verifier`) and `apiv3Key`, or `secret` for APIv2, are needed. */
export type NotificationConfig = Partial<Config> | Partial<BrandConfig>

export interface NotificationKeys {
  /** The merchant or the brand, if it is known. */
  readonly caller: Caller | undefined
  readonly verifier: Verifier | undefined
  readonly apiv3Key: KeyObject | undefined
  /** The APIv2 key. */
  readonly secret: string | undefined
  /** Decrypts the fields that are encrypted for the merchant; without it they stay encrypted. */
  readonly decrypt: Decrypt | undefined
  readonly store: Store | undefined
}

// A look-up returns the same recipients again and again, and reading keys takes longer than verifying a notification.
const known = new WeakMap<object, NotificationKeys>()

/** @throws InvalidArgumentError when neither API's keys are complete, and for keys that cannot be right. */
export function keysOf(source: NotificationConfig | Client): NotificationKeys {
  const isReference = (typeof source === 'object' && source !== null) || typeof source === 'function'
  const keys = (isReference && known.get(source)) || readKeys(source)
  known.set(source, keys)
  return keys
}

function readKeys(source: NotificationConfig | Client): NotificationKeys {
  const keys = keysOfClient(source) ?? keysOfConfig(source)
  if ((keys.verifier && keys.apiv3Key) || keys.secret) return keys
  throw new InvalidArgumentError(
    `${keys.verifier ? '`apiv3Key` is' : '`certs` are'} missing. Pass \`certs\` and \`apiv3Key\` for notifications of APIv3, or \`secret\` for those of APIv2.`,
  )
}

// Read for each notification: Builder.renew gives a running client new keys.
function keysOfClient(client: unknown): NotificationKeys | undefined {
  const settings = settingsOf(client)
  if (!settings) return undefined
  const now = () => settingsOf(client) ?? settings
  // Exported again only when it was renewed.
  let secret: { key: KeyObject; value: string } | undefined
  return {
    caller: settings.caller,
    get verifier() {
      return now().verifier
    },
    get apiv3Key() {
      return now().apiv3Key
    },
    get secret() {
      const { secret: key } = now()
      if (key && secret?.key !== key) secret = { key, value: key.export().toString() }
      return key && secret?.value
    },
    get decrypt() {
      const { encrypt = true, signer } = now()
      return encrypt ? signer.decrypt?.bind(signer) : undefined
    },
    store: settings.store,
  }
}

function keysOfConfig(config: NotificationConfig | Client): NotificationKeys {
  if (!isConfig(config)) {
    throw new InvalidArgumentError(
      `Notification.create must be called with the options of Builder.factory, a client, a list of these, or a function that returns them; got ${kindOf(config)}.`,
    )
  }
  if (canDownload(config)) return readKeys(factory(config))
  const { mchid, brand_id, secret } = config
  const caller = mchid === undefined && brand_id === undefined ? undefined : readCaller({ mchid, brand_id })
  return {
    caller,
    verifier: readVerifier(config, caller),
    apiv3Key: config.apiv3Key === undefined ? undefined : createSecretKey(aesKey(config.apiv3Key, 'apiv3Key')),
    secret: secret === undefined ? undefined : Buffer.from(aesKey(secret, 'secret')).toString(),
    decrypt: readDecrypt(config),
    store: config.store,
  }
}

/** The options of both that are read here. */
interface Given extends KeyOptions {
  readonly mchid?: unknown
  readonly brand_id?: unknown
  readonly encrypt?: 'auto' | 'off'
  readonly store?: Store
}

function isConfig(source: unknown): source is Given {
  return isRecord(source)
}

// A client downloads the platform certificates that `certs` lacks, as it does for its calls.
function canDownload(config: Given): config is Config {
  const { mchid, verifier, apiv3Key, serial, privateKey, signer, merchant } = config
  const canSign = signer !== undefined || merchant !== undefined || (privateKey !== undefined && serial !== undefined)
  return mchid !== undefined && canSign && apiv3Key !== undefined && !verifier
}

function readDecrypt({ encrypt, signer, privateKey, merchant, mchid = '' }: Given): Decrypt | undefined {
  if (encrypt === 'off') return undefined
  if (signer) return signer.decrypt?.bind(signer)
  const key =
    privateKey === undefined ? readMerchant(merchant, String(mchid))?.key : loadSigningKey(privateKey, 'privateKey')
  return key && (ciphertext => decryptField(ciphertext, key))
}

function readVerifier({ verifier, certs = {} }: Given, caller: Caller | undefined): Verifier | undefined {
  const entries: [serial: string, input: KeyInput][] = Object.entries(certs)
  if (verifier || entries.length === 0) return verifier
  const configured = readCerts(entries)
  if (caller?.option === 'brand_id') requirePublicKeys(configured)
  return new PlatformKeyRing({ configured, now: systemClock.now })
}
