/** Parses the Authorization header of APIv3. */
import { BRAND_SCHEME, SCHEME } from '../keys/merchant.js'
import { signError } from '../ledger/problem.js'

/** The scheme and the parameters of an Authorization header, except the signature. */
export interface Credentials {
  scheme: string
  /** The `brand_id` with the scheme of a brand. */
  mchid: string
  /** `serial_no`, the serial number of the API certificate. */
  serial: string
  /** Seconds since 1970. */
  timestamp: string
  /** `nonce_str`. */
  nonce: string
}

const PARAMETERS = ['nonce_str', 'serial_no', 'signature', 'timestamp']

/** The parameter that names the caller, by scheme. */
const CALLERS: ReadonlyMap<string, string> = new Map([
  [SCHEME, 'mchid'],
  [BRAND_SCHEME, 'brand_id'],
])

/**
 * @throws ApiError 401 `SIGN_ERROR` for a different scheme, and unless each of the five parameters appears exactly
 *   once.
 */
export function readAuthorization(header: string | undefined): Credentials & { signature: string } {
  if (header === undefined) throw malformed('the header is missing')
  const [scheme = '', list = ''] = header.split(/ (.*)/s)
  const caller = CALLERS.get(scheme)
  if (caller === undefined) {
    const issue = `the scheme is neither ${[...CALLERS.keys()].join(' nor ')}`
    throw signError('Http头Authorization认证类型不正确', 'scheme', issue)
  }
  const parameters = readParameters(list, [caller, ...PARAMETERS])
  const read = (name: string): string => {
    const value = parameters.get(name)
    if (value === undefined) throw malformed(`${name} is missing`)
    return value
  }
  const [mchid, serial, nonce] = [read(caller), read('serial_no'), read('nonce_str')]
  const [timestamp, signature] = [read('timestamp'), read('signature')]
  if (!/^\d+$/.test(timestamp)) throw malformed('timestamp is not a number of seconds')
  return { scheme, mchid, serial, nonce, timestamp, signature }
}

/** The unverified credentials; undefined when the header is missing or malformed. */
export function readCredentials(header: string | undefined): Credentials | undefined {
  try {
    const { signature: _, ...credentials } = readAuthorization(header)
    return credentials
  } catch {
    return undefined
  }
}

function readParameters(list: string, names: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const item of list.split(',')) {
    const [, name, value] = /^([a-z_]+)="([^"]+)"$/.exec(item) ?? []
    if (name === undefined || value === undefined) throw malformed('a parameter is not of the form name="value"')
    if (parameters.has(name) || !names.includes(name)) throw malformed(`${name} is not expected`)
    parameters.set(name, value)
  }
  return parameters
}

function malformed(issue: string) {
  return signError('Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》', 'authorization', issue)
}
