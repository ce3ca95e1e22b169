/** The configuration of a merchant or a brand, checked once. Keys are kept as key objects: no PEM, nothing that prints. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyInput } from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'
import type { TransportOptions } from '../options.js'
import { MemoryStore } from '../stores/memory-store.js'
import type { Store } from '../stores/store.js'
import { readHeaders } from '../transport/headers.js'
import { readProxy } from '../transport/proxy.js'
import { readBaseUri, readConnections, readTransportOptions } from '../transport/settings.js'
import type { PoolOptions } from '../transport/undici.js'
import { bare, isRecord } from '../util/plain-object.js'
import { refuseUnknownOptions } from '../util/unknown-options.js'
import { kindOf } from '../util/wording.js'
import { type Caller, readCaller } from './caller.js'
import { type Hooks, readHooks } from './hooks.js'
import { type KeyOptions, readKeys } from './keys.js'
import type { Settings } from './settings.js'

interface ClientOptions extends TransportOptions {
  /**
   * PEM of the certificate authorities to trust instead of the well-known ones, for a gateway or a proxy of your own. Not used
   * with `dispatcher`.
   */
  ca?: string | readonly string[]
  /**
   * The URL of a proxy, `http://user:password@host:port`, or `true` for the one that the environment names (`HTTPS_PROXY`,
   * `HTTP_PROXY`, `NO_PROXY`). Also carries mutual TLS and the download of certificates.
   */
  proxy?: string | URL | boolean
  /** The most sockets to one host. Default 256. */
  connections?: number
  /** The base URI to use if `base_uri` cannot be reached; `false` for none. Default: WeChat Pay's second host, for its first. */
  fallback_uri?: string | URL | false
  /** Headers of every request. */
  headers?: Readonly<Record<string, string>>
  /** Shares certificates and handled notifications between processes. Default: the memory of this process. */
  store?: Store
  /** `'off'` neither encrypts nor decrypts the sensitive fields that the catalogue marks. Default `'auto'`. */
  encrypt?: 'auto' | 'off'
}

/** The options of `Builder.factory` for a merchant. */
export interface Config extends ClientOptions, KeyOptions {
  /** The merchant number of the merchant or the service provider. */
  mchid: string
  /** The secret of the WeCom application that pays: creates the `workwx_sign` of the APIv2 messages that need one. */
  agentSecret?: string
  /** APIv2 calls the sandbox only; see the option of a call with the same name. */
  sandbox?: boolean
  /** Called for every request, response and retry, and for keys that need attention; gets no secrets. */
  on?: Hooks
}

/** The options of `Builder.factory` for a brand (品牌), which calls the paths under `/brand/`. */
export interface BrandConfig extends ClientOptions, BrandKeyOptions {
  /** The number of the brand (品牌ID). */
  brand_id: string
  /** As for a merchant, with `brand_id` in place of `mchid`. */
  on?: Hooks<{ brand_id: string }>
}

/** The keys of a brand, and the WeChat Pay public key. */
export interface BrandKeyOptions
  extends Pick<KeyOptions, 'serial' | 'privateKey' | 'apiv3Key' | 'signer' | 'verifier'> {
  /** The WeChat Pay public key (微信支付公钥) by its `PUB_KEY_ID_…`. A brand has no platform certificates. */
  certs?: Readonly<Record<string, KeyInput>>
}

/** The options of both, before they are checked. */
interface Options extends ClientOptions, KeyOptions {
  mchid?: unknown
  brand_id?: unknown
  agentSecret?: unknown
  sandbox?: unknown
  on?: unknown
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

const BRAND_KEY_OPTIONS: readonly (keyof BrandKeyOptions)[] = [
  'serial',
  'privateKey',
  'certs',
  'apiv3Key',
  'signer',
  'verifier',
]

const CLIENT_OPTIONS: readonly (keyof ClientOptions | 'on')[] = [
  'ca',
  'proxy',
  'connections',
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

const OPTIONS: readonly (keyof Config)[] = ['mchid', ...KEY_OPTIONS, 'agentSecret', 'sandbox', ...CLIENT_OPTIONS]
const BRAND_OPTIONS: readonly (keyof BrandConfig)[] = ['brand_id', ...BRAND_KEY_OPTIONS, ...CLIENT_OPTIONS]

/** @throws InvalidArgumentError that names the option, what it must be and what was found. */
export function readConfig(given: Config | BrandConfig, now: () => number): Settings {
  requireConfig(given)
  const config: Options = bare(given)
  const caller = readCaller(config)
  const transport = readTransportOptions(config, MAIN_HOST)
  const isMainHost = transport.baseUri.href === MAIN_HOST
  return freezeSettings({
    caller,
    agentSecret: readAgentSecret(config.agentSecret),
    pool: Object.freeze(readPool(config)),
    sandbox: readSandbox(config.sandbox),
    transport,
    isMainHost,
    fallbackUri: readFallbackUri(config, isMainHost),
    headers: Object.freeze(readHeaders(config.headers)),
    hooks: readHooks(config.on),
    store: readStore(config.store, now),
    encrypt: readEncrypt(config.encrypt),
    ...readKeys(config, caller),
  })
}

/**
 * A copy of the settings with the keys of `changes`.
 *
 * @throws InvalidArgumentError as {@link readConfig} does.
 */
export function renewKeys(settings: Settings, changes: KeyOptions): Settings {
  requireKeyOptions(changes, settings.caller)
  return freezeSettings({ ...settings, ...readKeys(bare(changes), settings.caller, settings) })
}

function freezeSettings(settings: Settings): Settings {
  return Object.freeze(bare(settings))
}

function requireConfig(config: unknown): void {
  if (!isRecord(config)) {
    throw new InvalidArgumentError(
      `Builder.factory takes an object of options { mchid, serial, privateKey, certs, … }; got ${kindOf(config)}.`,
    )
  }
  const { mchid, brand_id } = config
  const isBrand = brand_id !== undefined && mchid === undefined
  if (isBrand) refuseUnknownOptions(config, BRAND_OPTIONS, 'Builder.factory for a brand')
  else refuseUnknownOptions(config, [...OPTIONS, ...(brand_id === undefined ? [] : ['brand_id'])], 'Builder.factory')
}

function requireKeyOptions(changes: unknown, { option }: Caller): void {
  const options = option === 'brand_id' ? BRAND_KEY_OPTIONS : KEY_OPTIONS
  if (!isRecord(changes) || Object.keys(changes).length === 0) {
    const found = isRecord(changes) ? 'an empty object' : kindOf(changes)
    throw new InvalidArgumentError(
      `Builder.renew takes an object with the new keys, some of ${options.join(', ')}; got ${found}.`,
    )
  }
  refuseUnknownOptions(changes, options, 'Builder.renew')
}

function readStore(store: Store | undefined, now: () => number): Store {
  if (store === undefined) return new MemoryStore({ now })
  const missing = (['get', 'set', 'add', 'delete'] as const).filter(name => typeof store?.[name] !== 'function')
  if (missing.length === 0) return store
  throw new InvalidArgumentError(
    `\`store\` must be a MemoryStore, a FileStore, a RedisStore or a Store of your own; got ${kindOf(store)} without ${missing.join(', ')}.`,
  )
}

function readEncrypt(encrypt: unknown): boolean {
  if (encrypt === undefined || encrypt === 'auto') return true
  if (encrypt === 'off') return false
  throw new InvalidArgumentError(`\`encrypt\` must be 'auto' or 'off'; got ${JSON.stringify(encrypt)}.`)
}

function readAgentSecret(secret: unknown): KeyObject | undefined {
  if (secret === undefined) return undefined
  if (typeof secret === 'string' && secret !== '') return createSecretKey(secret, 'utf8')
  throw new InvalidArgumentError(
    `\`agentSecret\` must be the secret of the WeCom application (应用的Secret), a string; got ${secret === '' ? 'an empty string' : kindOf(secret)}.`,
  )
}

function readPool(config: ClientOptions): PoolOptions {
  const proxy = readProxy(config.proxy)
  if (proxy && config.dispatcher) {
    throw new InvalidArgumentError(
      '`proxy` and `dispatcher` must not be given together: a dispatcher makes its own connections. Leave one of them out.',
    )
  }
  return { ca: readAuthorities(config.ca), proxy, connections: readConnections(config.connections) }
}

function readAuthorities(ca: unknown): readonly string[] | undefined {
  if (ca === undefined) return undefined
  const authorities: unknown[] = Array.isArray(ca) ? ca : [ca]
  const isPem = (authority: unknown): authority is string =>
    typeof authority === 'string' && authority.includes('-----BEGIN CERTIFICATE-----')
  if (authorities.length > 0 && authorities.every(isPem)) return Object.freeze([...authorities])
  throw new InvalidArgumentError(
    '`ca` must be the PEM of a certificate authority, or a list of them; got something else.',
  )
}

function readSandbox(sandbox: unknown): boolean {
  if (sandbox === undefined || typeof sandbox === 'boolean') return sandbox ?? false
  throw new InvalidArgumentError(`\`sandbox\` must be true or false; got ${kindOf(sandbox)}.`)
}

function readFallbackUri({ fallback_uri }: ClientOptions, isMainHost: boolean): URL | undefined {
  if (fallback_uri === false) return undefined
  if (fallback_uri !== undefined) return readBaseUri(fallback_uri, 'fallback_uri')
  return isMainHost ? new URL(SECOND_HOST) : undefined
}
