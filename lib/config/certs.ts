/** The `certs` option: WeChat Pay's certificates and public keys by their serials. */
import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import {
  hexOfDecimal,
  isPublicKeyId,
  isSameKey,
  type KeyInput,
  loadVerificationKey,
  normalizeSerial,
  serialOf,
} from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'
import { certificateKey, type PlatformKey } from '../trust/platform-key-ring.js'
import { characterName } from '../util/wording.js'

/**
 * Certificates get their own serials, in any notation.
 *
 * @throws InvalidArgumentError for an entry that is neither a key nor a certificate, for a certificate under a different
 *   serial, and for a public key under a name that WeChat Pay cannot have given it.
 */
export function readCerts(entries: readonly (readonly [serial: string, input: KeyInput])[]): PlatformKey[] {
  return entries.map(([serial, input]) => readEntry(serial, input))
}

function readEntry(name: string, input: KeyInput): PlatformKey {
  const { key, certificate } = loadVerificationKey(input, optionOf(name))
  if (!certificate) return { serial: keySerial(name), key }
  requireOwnSerial(name, certificate)
  return certificateKey(serialOf(certificate), certificate)
}

const ID_PREFIX = 'PUB_KEY_ID_'
const PUBLIC_KEY_ID = /^PUB_KEY_ID_[0-9A-Fa-f]+$/
/** Twenty bytes, as all of WeChat Pay's certificates have. The digits of a PUB_KEY_ID are fewer. */
const CERTIFICATE_SERIAL = /^[0-9A-Fa-f]{40}$/

const SHORT_HEX = /^[0-9A-Fa-f]{1,31}$/

// Any other name is not shown: it may be a secret that was put there by mistake, such as a key of 32 hex digits.
function optionOf(name: string): string {
  const isHarmless = PUBLIC_KEY_ID.test(name) || CERTIFICATE_SERIAL.test(name) || SHORT_HEX.test(name)
  return isHarmless ? `certs.${name}` : 'certs'
}

// WeChat Pay would sign with a key of a different name: the first order would be carried out, and its response refused.
function keySerial(name: string): string {
  if (PUBLIC_KEY_ID.test(name)) return name
  if (CERTIFICATE_SERIAL.test(name)) return name.toUpperCase()
  throw new InvalidArgumentError(
    `The name of a public key in \`certs\` must be its ID, \`PUB_KEY_ID_\` and digits; got ${flawOf(name)}. Copy the ID from 商户平台 → 账户中心 → API安全 → 微信支付公钥. A platform certificate's public key must be under the certificate's serial, 40 hex digits.`,
  )
}

function flawOf(name: string): string {
  const stray = /[^0-9A-Za-z_]/u.exec(name)
  if (stray) return `${characterName(stray[0])} at position ${stray.index + 1}`
  if (/^[0-9A-Fa-f]+$/.test(name)) return `${name.length} digits alone`
  if (isPublicKeyId(name.toUpperCase()) && !isPublicKeyId(name)) return `${ID_PREFIX} in lower case`
  if (!isPublicKeyId(name)) return 'a name that is neither an ID nor a serial'
  const [letter] = /[^0-9A-Fa-f]/.exec(name.slice(ID_PREFIX.length)) ?? []
  return letter === undefined ? `${ID_PREFIX} without digits` : `${characterName(letter)} among the digits`
}

function requireOwnSerial(name: string, certificate: X509Certificate): void {
  const own = serialOf(certificate)
  if (normalizeSerial(name) === normalizeSerial(own)) return
  throw new InvalidArgumentError(
    `${mismatch(name, own)} Put a platform certificate under its own serial, and the merchant's apiclient_cert.pem into \`merchant\`.`,
  )
}

function mismatch(name: string, own: string): string {
  const option = optionOf(name)
  if (PUBLIC_KEY_ID.test(name)) {
    return `\`${option}\` must be the public key with that ID; got a certificate with the serial ${own}.`
  }
  if (CERTIFICATE_SERIAL.test(name) || SHORT_HEX.test(name)) {
    return `\`${option}\` must be the certificate with that serial; got one with the serial ${own}.`
  }
  const found = hexOfDecimal(name) === normalizeSerial(own) ? 'that serial in decimal' : flawOf(name)
  return `The serial of a certificate in \`certs\` must be its own, ${own}; got ${found}.`
}

/** @throws InvalidArgumentError for a platform certificate: WeChat Pay signs with its public key for a brand. */
export function requirePublicKeys(keys: readonly PlatformKey[]): void {
  const other = keys.find(({ serial }) => !isPublicKeyId(serial))
  if (!other) return
  throw new InvalidArgumentError(
    `\`certs.${other.serial}\` of a brand must be the WeChat Pay public key (微信支付公钥) under its \`PUB_KEY_ID_…\`; got a platform certificate, with which WeChat Pay signs for merchants only.`,
  )
}

/** @throws InvalidArgumentError for a key that is the merchant's own, by its serial or by the key itself. */
export function refuseMerchantKeys(
  keys: readonly PlatformKey[],
  merchantSerial: string,
  merchantKey: KeyObject | undefined,
): void {
  const publicKey = merchantKey && createPublicKey(merchantKey)
  for (const { serial, key } of keys) {
    const hasSerial = normalizeSerial(serial) === normalizeSerial(merchantSerial)
    const isOwn = publicKey !== undefined && isSameKey(publicKey, key)
    if (!hasSerial && !isOwn) continue
    const found = isOwn ? "the merchant's own certificate or key" : 'a key under the same serial as `serial`'
    throw new InvalidArgumentError(
      `\`certs.${serial}\` must be WeChat Pay's; got ${found}. Put a platform certificate (微信支付平台证书) or the WeChat Pay public key (微信支付公钥), under its PUB_KEY_ID_…, here, and the serial of the merchant API certificate (商户API证书) into \`serial\`.`,
    )
  }
}
