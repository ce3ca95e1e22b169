/** The merchant API certificate: two PEM files or one PKCS#12 file. */
import type { KeyObject, X509Certificate } from 'node:crypto'
import { type KeyInput, keyMatchesCertificate, loadCertificate, loadSigningKey } from '../crypto/keys.js'
import { loadPkcs12, type Pkcs12Input } from '../crypto/pkcs12.js'
import { InvalidArgumentError } from '../errors.js'
import { isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'

/** `apiclient_cert.pem`, with `apiclient_key.pem` unless it is given as `privateKey`. */
export interface MerchantPem {
  cert: KeyInput
  key?: KeyInput
  /** The passphrase of an encrypted `key`. */
  passphrase?: string
}

/** `apiclient_cert.p12`: the certificate and its key in one file. */
export interface MerchantPfx {
  /** A `file://` URL, the bytes, or their base64. */
  pfx: Pkcs12Input
  /** Default: the mchid, which is WeChat Pay's default. */
  passphrase?: string
}

export interface MerchantCertificate {
  /** The option that it came from, for errors. */
  readonly option: 'merchant.cert' | 'merchant.pfx'
  readonly certificate: X509Certificate
  readonly key: KeyObject | undefined
}

/** @throws InvalidArgumentError that names the option, what it must be and what was found. */
export function readMerchant(
  merchant: MerchantPem | MerchantPfx | undefined,
  mchid: string,
): MerchantCertificate | undefined {
  if (merchant === undefined) return undefined
  requireOneForm(merchant)
  if ('pfx' in merchant) {
    const { pfx, passphrase = mchid } = merchant
    return { option: 'merchant.pfx', ...loadPkcs12(pfx, passphrase, 'merchant.pfx') }
  }
  const certificate = loadCertificate(merchant.cert, 'merchant.cert')
  const key = merchant.key === undefined ? undefined : loadSigningKey(merchant.key, 'merchant.key', merchant.passphrase)
  if (key && !keyMatchesCertificate(key, certificate)) {
    throw new InvalidArgumentError(
      '`merchant.key` must be the key of the certificate in `merchant.cert`; got a different key.',
    )
  }
  return { option: 'merchant.cert', certificate, key }
}

function requireOneForm(merchant: unknown): void {
  const names = isRecord(merchant) ? Object.keys(merchant) : []
  const isPem = names.includes('cert') && names.every(name => ['cert', 'key', 'passphrase'].includes(name))
  const isPfx = names.includes('pfx') && names.every(name => ['pfx', 'passphrase'].includes(name))
  if (isPem || isPfx) return
  throw new InvalidArgumentError(
    `\`merchant\` must be { cert, key } or { pfx, passphrase }; got ${names.length > 0 ? `{ ${names.join(', ')} }` : kindOf(merchant)}.`,
  )
}
