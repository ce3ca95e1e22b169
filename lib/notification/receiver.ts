/** Receives notifications: reads the keys, then verifies, decrypts and types each message. */
import { factory } from '../builder.js'
import { type Client, settingsOf } from '../client/settings-of.js'
import { readCerts } from '../config/certs.js'
import type { Config } from '../config/config.js'
import { readMerchant } from '../config/merchant-certificate.js'
import { aesKey } from '../crypto/bytes.js'
import { type KeyInput, loadSigningKey } from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'
import type { Store } from '../stores/store.js'
import { decryptField } from '../trust/decrypt-field.js'
import type { Decrypt } from '../trust/encrypt-fields.js'
import { PlatformKeyRing } from '../trust/platform-key-ring.js'
import type { Verifier } from '../trust/verifier.js'
import { isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'
import type { NotificationEvent } from './events.js'
import { createHandler, type Handler, type HandlerOptions, type OnEvent } from './handler.js'
import { type JsonKeys, readJsonEvent } from './json-event.js'
import { isXml, type NotificationMessage, notANotification, receivedBody, receivedHeaders } from './message.js'
import { readXmlEvent, type XmlKeys } from './xml-event.js'

export interface Receiver {
  /**
   * Verifies a notification (the clock to ±300 s, the serial, the signature), decrypts it and returns its event. The XML
   * of APIv2 is recognised; it has no timestamp, so compare `id` to recognise an old notification.
   *
   * @throws SignatureError whose `reason` says what is wrong; InvalidArgumentError for a parsed body or a missing key;
   *   WechatPayError for a message that is not a notification (all as rejections).
   */
  parse(message: NotificationMessage): Promise<NotificationEvent>

  /**
   * A handler for web servers: `(request: Request) => Promise<Response>`, with members for Node's frameworks. It runs
   * `onEvent` once for each notification and responds as WeChat Pay expects: 204 when `onEvent` has succeeded, 500 when it
   * threw or took too long, 401 for a bad signature, 413 for a body that is too large. WeChat Pay sends every notification
   * without a success again, 15 times over 24 hours.
   */
  handler(onEvent: OnEvent, options?: HandlerOptions): Handler
}

/** The options of `Builder.factory`; only `certs` (or `verifier`) and `apiv3Key`, or `secret` for APIv2, are needed. */
export type NotificationConfig = Partial<Config> & { store?: Store }

/**
 * Creates a receiver from a client, whose current keys it shares, or from the options of `Builder.factory`: `certs` and
 * `apiv3Key` are enough, or `secret` for APIv2.
 *
 * @throws InvalidArgumentError for keys that are missing or cannot be right.
 */
export function create(source: NotificationConfig | Client): Receiver {
  const now = () => Date.now()
  const keys = keysOf(source, now)
  const parse = async ({ headers, body }: NotificationMessage) => {
    const bytes = receivedBody(body)
    const event: unknown = isXml(bytes)
      ? readXmlEvent(bytes, keys)
      : await readJsonEvent(bytes, receivedHeaders(headers), keys, now())
    if (isEvent(event)) return event
    throw notANotification('it has no `id`, `event_type` or `resource`')
  }
  const defaults = keys.store ? { store: keys.store } : {}
  return { parse, handler: (onEvent, options) => createHandler(parse, onEvent, { ...defaults, ...options }) }
}

// Only the envelope is checked: the signature vouches for the content.
function isEvent(value: unknown): value is NotificationEvent {
  return isRecord(value) && isPresent(value.id) && isPresent(value.event_type) && 'resource' in value
}

function isPresent(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

interface NotificationKeys extends JsonKeys, XmlKeys {
  readonly store: Store | undefined
}

/** @throws InvalidArgumentError when neither API's keys are complete, and for keys that cannot be right. */
function keysOf(source: NotificationConfig | Client, now: () => number): NotificationKeys {
  const keys = keysOfClient(source) ?? keysOfConfig(source, now)
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
      `Notification.create must be called with the options of Builder.factory or a client; got ${kindOf(config)}.`,
    )
  }
  if (mustDownload(config)) return keysOf(factory(config), now)
  const { secret } = config
  return {
    verifier: readVerifier(config, now),
    apiv3Key: config.apiv3Key === undefined ? undefined : aesKey(config.apiv3Key, 'apiv3Key'),
    secret: secret === undefined ? undefined : Buffer.from(aesKey(secret, 'secret')).toString(),
    decrypt: readDecrypt(config),
    store: config.store,
  }
}

function isConfig(source: unknown): source is NotificationConfig {
  return isRecord(source)
}

// A configuration without `certs` downloads platform certificates, which needs a whole client.
function mustDownload(config: NotificationConfig): config is Config {
  const { mchid, verifier, apiv3Key, privateKey, signer, merchant } = config
  const canDownload = mchid !== undefined && (privateKey ?? signer ?? merchant) !== undefined
  return canDownload && apiv3Key !== undefined && !verifier && certsOf(config).length === 0
}

function readDecrypt({ encrypt, signer, privateKey, merchant, mchid = '' }: NotificationConfig): Decrypt | undefined {
  if (encrypt === 'off') return undefined
  if (signer) return signer.decrypt?.bind(signer)
  const key =
    privateKey === undefined ? readMerchant(merchant, String(mchid))?.key : loadSigningKey(privateKey, 'privateKey')
  return key && (ciphertext => decryptField(ciphertext, key))
}

function readVerifier(config: NotificationConfig, now: () => number): Verifier | undefined {
  const certs = certsOf(config)
  if (config.verifier || certs.length === 0) return config.verifier
  return new PlatformKeyRing({ configured: readCerts(certs), now })
}

function certsOf({ certs = {} }: NotificationConfig): [serial: string, input: KeyInput][] {
  return Object.entries(certs)
}
