/** The configuration of a client: a JSON file, or the variables of the environment. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Config } from '../index.js'
import { EXIT, Failure } from './exit-codes.js'
import type { Terminal } from './terminal.js'

export interface ConfigurationOptions {
  readonly config?: string
}

/** Unchecked, as it was written, except that the paths of keys have become `file://` URLs. */
export type Configuration = Readonly<Record<string, unknown>>

/**
 * The configuration of `--config`, or else of the environment. In addition to the options of `Builder.factory` it may have
 * `certificate`, the merchant API certificate.
 *
 * @throws Failure without a configuration, and for one that cannot be read.
 */
export function readConfiguration({ config }: ConfigurationOptions, terminal: Terminal): Configuration {
  return config === undefined ? fromEnvironment(terminal) : fromFile(resolve(config), terminal)
}

/**
 * The options of `Builder.factory`, also for a brand: commands use paths as strings, which the types do not
 * distinguish.
 */
export function configOf({ certificate, ...configuration }: Configuration): Config {
  const isLocal = isThisMachine(hostOf(configuration))
  const config: unknown = {
    ...(certificate !== undefined && configuration.merchant === undefined && { merchant: { cert: certificate } }),
    ...(!isLocal && configuration.dispatcher === undefined && { proxy: true }),
    ...configuration,
  }
  // The factory checks every option.
  return config as Config
}

const DEFAULT_BASE_URI = 'https://api.mch.weixin.qq.com/'

export function baseUriOf({ base_uri = DEFAULT_BASE_URI }: Configuration): string {
  return String(base_uri)
}

/** The host name that is called; empty if it cannot be read. */
export function hostOf(configuration: Configuration): string {
  const baseUri = baseUriOf(configuration)
  return URL.canParse(baseUri) ? new URL(baseUri).hostname : ''
}

export function isHttpUrl(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

export function isThisMachine(host: string): boolean {
  return /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(host)
}

function fromFile(path: string, { words }: Terminal): Configuration {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new Failure(EXIT.usage, words.configuration.unreadable(path))
  }
  const values = parse(text)
  if (values === undefined) throw new Failure(EXIT.usage, words.configuration.notJson(path))
  return withFiles(values, dirname(path))
}

function parse(text: string): Configuration | undefined {
  try {
    const values: unknown = JSON.parse(text)
    return typeof values === 'object' && values !== null && !Array.isArray(values) ? { ...values } : undefined
  } catch {
    return undefined
  }
}

const VARIABLES: Readonly<Record<string, string>> = {
  WECHATPAY_MCHID: 'mchid',
  WECHATPAY_SERIAL: 'serial',
  WECHATPAY_PRIVATE_KEY: 'privateKey',
  WECHATPAY_CERTIFICATE: 'certificate',
  WECHATPAY_APIV3_KEY: 'apiv3Key',
  WECHATPAY_SECRET: 'secret',
  WECHATPAY_BASE_URI: 'base_uri',
}

function fromEnvironment({ environment, words }: Terminal): Configuration {
  const given = Object.entries(VARIABLES).filter(([variable]) => environment[variable])
  const { WECHATPAY_PUBLIC_KEY_ID: id = '', WECHATPAY_PUBLIC_KEY: key } = environment
  if (given.length === 0 && !key) throw new Failure(EXIT.usage, words.configuration.missing)
  const values = Object.fromEntries(given.map(([variable, option]) => [option, environment[variable]]))
  return withFiles({ ...values, ...(key && { certs: { [id]: key } }) }, process.cwd())
}

const KEYS: ReadonlySet<string> = new Set(['privateKey', 'certificate', 'cert', 'key', 'pfx', 'ca'])

/** Paths are relative to the folder of the configuration file, or to the working directory. */
function withFiles(values: Configuration, folder: string): Configuration {
  const entries = Object.entries(values).map(([name, value]): [string, unknown] => {
    if (KEYS.has(name)) return [name, name === 'ca' ? contentOf(value, folder) : fileUrl(value, folder)]
    if (name !== 'certs' && name !== 'merchant') return [name, value]
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [name, value]
    const inner = Object.entries(value).map(([key, item]) => [
      key,
      name === 'certs' || KEYS.has(key) ? fileUrl(item, folder) : item,
    ])
    return [name, Object.fromEntries(inner)]
  })
  return Object.fromEntries(entries)
}

/** Whether a string cannot be a key and looks like a path. */
const PATH = /^(?:\.{0,2}[/\\]|~\/|[A-Za-z]:\\)[^\n]*$|^[^\n:]*\.(?:pem|key|crt|cer|der|p12|pfx)$/i

export function fileUrl(value: unknown, folder: string): unknown {
  if (typeof value !== 'string' || value.length > 4096 || !PATH.test(value)) return value
  const path = value.startsWith('~/') ? join(homedir(), value.slice(2)) : resolve(folder, value)
  return pathToFileURL(path).href
}

/** The option `ca` is PEM, not a file. */
function contentOf(value: unknown, folder: string): unknown {
  const url = fileUrl(value, folder)
  if (typeof url !== 'string' || !url.startsWith('file:')) return value
  try {
    return readFileSync(new URL(url), 'utf8')
  } catch {
    return value
  }
}
