/** What a merchant configures, checked once and kept as key objects: no PEM, nothing that prints. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import type { TransportOptions } from '../options.js'
import { MemoryStore } from '../stores/memory-store.js'
import type { Store } from '../stores/store.js'
import { readHeaders } from '../transport/headers.js'
import { readBaseUri, readTransportOptions } from '../transport/settings.js'
import { isRecord } from '../util/plain-object.js'
import { refuseUnknownOptions } from '../util/unknown-options.js'
import type { Hooks } from './hooks.js'
import { type KeyOptions, readKeys } from './keys.js'
import type { Settings } from './settings.js'

/** The options of `Builder.factory`. */
export interface Config extends TransportOptions, KeyOptions {
  /** The merchant number, or a service provider's. */
  mchid: string
  /** The secret of the WeCom application that pays: makes the `workwx_sign` of the APIv2 messages that want one. */
  agentSecret?: string
  /** APIv2 to the sandbox only; see the option of the same name of a call. */
  sandbox?: boolean
  /**
   * Certificate authorities, PEM, to trust in place of the well-known ones: for a gateway or a proxy of one's own. Not
   * used with `dispatcher`.
   */
  ca?: string | readonly string[]
  /** Where to go when `base_uri` cannot be reached; `false` for nowhere. Default: WeChat Pay's second host, for its first. */
  fallback_uri?: string | URL | false
  /** Headers of every request. */
  headers?: Readonly<Record<string, string>>
  /** Where processes share certificates and seen notifications. Default: the memory of this one. */
  store?: Store
  /** `'off'` leaves the sensitive fields that the catalogue marks as they are given, and as they come. Default `'auto'`. */
  encrypt?: 'auto' | 'off'
  /** Told of every request, answer and repetition, and of keys that need attention; nothing secret is in it. */
  on?: Hooks
}

const MAIN_HOST = 'https://api.mch.weixin.qq.com/'
const SECOND_HOST = 'https://api2.mch.weixin.qq.com/'

const KEY_OPTIONS: readonly (keyof KeyOptions)[] = [
  'serial',
  'privateKey',
  'certs',
  'apiv3Key',
  'secret',
  'merchant',
  'signer',
  'verifier',
]

const OPTIONS: readonly (keyof Config)[] = [
  'mchid',
  ...KEY_OPTIONS,
  'agentSecret',
  'sandbox',
  'ca',
  'base_uri',
  'fallback_uri',
  'timeout',
  'retry',
  'dispatcher',
  'headers',
  'store',
  'encrypt',
  'on',
]

/** @throws InvalidArgumentError that names the option, what was found and what is expected. */
export function readConfig(config: Config, now: () => number): Settings {
  requireConfig(config)
  const mchid = readMchid(config.mchid)
  const transport = readTransportOptions(config, MAIN_HOST)
  const isMainHost = transport.baseUri.href === MAIN_HOST
  return Object.freeze<Settings>({
    mchid,
    agentSecret: readAgentSecret(config.agentSecret),
    ca: readAuthorities(config.ca),
    sandbox: readSandbox(config.sandbox),
    transport,
    isMainHost,
    fallbackUri: readFallbackUri(config, isMainHost),
    headers: Object.freeze(readHeaders(config.headers)),
    hooks: Object.freeze({ ...config.on }),
    store: readStore(config.store, now),
    encrypt: readEncrypt(config.encrypt),
    ...readKeys(config, mchid),
  })
}

/**
 * The settings with the keys of `changes` in place of those that they had.
 * @throws InvalidArgumentError as {@link readConfig}; the settings stay as they are in any case.
 */
export function renewKeys(settings: Settings, changes: KeyOptions): Settings {
  requireKeyOptions(changes)
  return Object.freeze({ ...settings, ...readKeys(changes, settings.mchid, settings) })
}

function requireConfig(config: unknown): asserts config is Config {
  if (!isRecord(config)) {
    throw new InvalidArgumentError(
      'Builder.factory takes an object of options: { mchid, serial, privateKey, certs, … }.',
    )
  }
  refuseUnknownOptions(config, OPTIONS, 'Builder.factory')
}

function requireKeyOptions(changes: unknown): asserts changes is KeyOptions {
  if (!isRecord(changes) || Object.keys(changes).length === 0) {
    throw new InvalidArgumentError(`Builder.renew takes an object with the new keys: ${KEY_OPTIONS.join(', ')}.`)
  }
  refuseUnknownOptions(changes, KEY_OPTIONS, 'Builder.renew')
}

function readMchid(mchid: unknown): string {
  const text = typeof mchid === 'number' ? String(mchid) : mchid
  if (typeof text === 'string' && /^\d{1,32}$/.test(text)) return text
  const found = typeof text === 'string' ? 'a text that is not digits' : typeof mchid
  throw new InvalidArgumentError(`\`mchid\` must be the merchant number, digits, such as 1900000109: found ${found}.`)
}

function readStore(store: Store | undefined, now: () => number): Store {
  if (store === undefined) return new MemoryStore({ now })
  const missing = (['get', 'set', 'add', 'delete'] as const).filter(name => typeof store?.[name] !== 'function')
  if (missing.length === 0) return store
  throw new InvalidArgumentError(
    `\`store\` must be a MemoryStore, a FileStore, a RedisStore or one of your own; it lacks ${missing.join(', ')}.`,
  )
}

function readEncrypt(encrypt: unknown): boolean {
  if (encrypt === undefined || encrypt === 'auto') return true
  if (encrypt === 'off') return false
  throw new InvalidArgumentError("`encrypt` must be 'auto' or 'off'.")
}

function readAgentSecret(secret: unknown): KeyObject | undefined {
  if (secret === undefined) return undefined
  if (typeof secret === 'string' && secret !== '') return createSecretKey(secret, 'utf8')
  throw new InvalidArgumentError('`agentSecret` must be the secret of the WeCom application (应用的Secret), a text.')
}

function readAuthorities(ca: unknown): readonly string[] | undefined {
  if (ca === undefined) return undefined
  const authorities: unknown[] = Array.isArray(ca) ? ca : [ca]
  const isPem = (text: unknown): text is string =>
    typeof text === 'string' && text.includes('-----BEGIN CERTIFICATE-----')
  if (authorities.length > 0 && authorities.every(isPem)) return Object.freeze([...authorities])
  throw new InvalidArgumentError('`ca` must be the PEM of a certificate authority, or a list of them.')
}

function readSandbox(sandbox: unknown): boolean {
  if (sandbox === undefined || typeof sandbox === 'boolean') return sandbox ?? false
  throw new InvalidArgumentError('`sandbox` must be true or false.')
}

function readFallbackUri({ fallback_uri }: Config, isMainHost: boolean): URL | undefined {
  if (fallback_uri === false) return undefined
  if (fallback_uri !== undefined) return readBaseUri(fallback_uri, 'fallback_uri')
  return isMainHost ? new URL(SECOND_HOST) : undefined
}
