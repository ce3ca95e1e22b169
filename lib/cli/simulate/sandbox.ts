/** The folder of a simulator: the files that WeChat Pay gives to a merchant, and the keys for the next start. */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Simulator, SimulatorKeys } from '../../simulator/index.js'
import { member } from '../control.js'

/** The merchant of an earlier start. */
interface Kept {
  readonly mchid: string
  readonly keys: SimulatorKeys
}

const KEYS = 'keys.json'
/** Owner only. */
const SECRET = 0o600

/** The merchant whose keys are in the folder; undefined for a folder without keys, and for a different merchant. */
export function keptMerchant(folder: string, mchid: string | undefined): Kept | undefined {
  const file = join(folder, KEYS)
  if (!existsSync(file)) return undefined
  const kept: Kept = JSON.parse(readFileSync(file, 'utf8'))
  return mchid === undefined || mchid === kept.mchid ? kept : undefined
}

/** Whether a state file has a merchant of its own. */
export function hasMerchant(state: string): boolean {
  return existsSync(state) && statSync(state).size > 0
}

/**
 * Writes all files to an existing folder. They stay when the simulator stops, and the next start uses them. Of `configs`,
 * those of the other merchants and of brands each get a file of their own.
 */
export function writeSandbox(folder: string, simulator: Simulator, configs: readonly unknown[]): void {
  const { config, keys } = simulator
  const { mchid, privateKey, certs, apiv3Key, secret, merchant, ca } = config
  const write = (name: string, content: string | Uint8Array, mode = SECRET) => {
    const file = join(folder, name)
    writeFileSync(file, content, { mode })
    // writeFile applies the mode to new files only.
    chmodSync(file, mode)
  }
  write('.gitignore', '*\n', 0o644)
  write(KEYS, JSON.stringify({ mchid, keys } satisfies Kept))
  write('config.json', writeJson(config))
  for (const other of configs) {
    const id = member(other, 'mchid') ?? member(other, 'brand_id')
    if (id !== mchid) write(`config-${id}.json`, writeJson(other))
  }
  write('apiclient_key.pem', privateKey)
  // Encrypting it takes longer than everything else here.
  if (!hasCertificate(folder, merchant.cert)) write('apiclient_cert.p12', simulator.pfx)
  write('apiclient_cert.pem', merchant.cert, 0o644)
  if (ca !== undefined) write('ca.pem', ca, 0o644)
  for (const [serial, key] of Object.entries(certs)) {
    write(isPublicKey(serial) ? 'pub_key.pem' : `wechatpay_${serial}.pem`, key, 0o644)
  }
  const url = (name: string) => pathToFileURL(resolve(folder, name)).href
  const variables = {
    WECHATPAY_MCHID: mchid,
    WECHATPAY_SERIAL: config.serial,
    WECHATPAY_PRIVATE_KEY: url('apiclient_key.pem'),
    WECHATPAY_CERTIFICATE: url('apiclient_cert.pem'),
    WECHATPAY_PUBLIC_KEY_ID: Object.keys(certs).find(isPublicKey) ?? '',
    WECHATPAY_PUBLIC_KEY: url('pub_key.pem'),
    WECHATPAY_APIV3_KEY: apiv3Key,
    WECHATPAY_SECRET: secret,
    WECHATPAY_BASE_URI: config.base_uri,
  }
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  write('.env', lines.join(''))
}

function writeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Whether the folder has the files of this certificate. */
function hasCertificate(folder: string, certificate: string): boolean {
  const pem = join(folder, 'apiclient_cert.pem')
  const isThere = existsSync(pem) && existsSync(join(folder, 'apiclient_cert.p12'))
  return isThere && readFileSync(pem, 'utf8') === certificate
}

function isPublicKey(serial: string): boolean {
  return serial.startsWith('PUB_KEY_ID_')
}
