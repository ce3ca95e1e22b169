/** The `certs` option: WeChat Pay's certificates and public keys by their serials. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { type KeyInput, loadVerificationKey, normalizeSerial, serialOf } from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'
import { certificateKey, type PlatformKey } from '../trust/platform-key-ring.js'

/**
 * @throws InvalidArgumentError for an entry that is neither a key nor a certificate, or a certificate under a different
 *   serial.
 */
export function readCerts(entries: readonly (readonly [serial: string, input: KeyInput])[]): PlatformKey[] {
  return entries.map(([serial, input]) => readEntry(serial, input))
}

function readEntry(serial: string, input: KeyInput): PlatformKey {
  const option = `certs.${serial}`
  const { key, certificate } = loadVerificationKey(input, option)
  if (!certificate) return { serial, key }
  if (normalizeSerial(serialOf(certificate)) === normalizeSerial(serial)) return certificateKey(serial, certificate)
  throw new InvalidArgumentError(
    `\`${option}\` must be the certificate with that serial; got one with the serial ${serialOf(certificate)}. Put a platform certificate under its own serial, and the merchant's apiclient_cert.pem into \`merchant\`.`,
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
    if (!hasSerial && !publicKey?.equals(key)) continue
    const found = publicKey?.equals(key)
      ? "the merchant's own certificate or key"
      : 'a key under the same serial as `serial`'
    throw new InvalidArgumentError(
      `\`certs.${serial}\` must be WeChat Pay's; got ${found}. Put a platform certificate (微信支付平台证书) or the WeChat Pay public key (微信支付公钥), under its PUB_KEY_ID_…, here, and the serial of the merchant API certificate (商户API证书) into \`serial\`.`,
    )
  }
}
