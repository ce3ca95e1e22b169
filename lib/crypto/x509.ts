/** Serials of certificates and ids of public keys: how they are written and compared. */
import type { X509Certificate } from 'node:crypto'

const PUBLIC_KEY_ID = /^PUB_KEY_ID_/

/** Whether a `Wechatpay-Serial` names a WeChat Pay public key, rather than a platform certificate. */
export function isPublicKeyId(serial: string): boolean {
  return PUBLIC_KEY_ID.test(serial)
}

/** The serial of a certificate as it is sent: upper-case hex, leading zeros kept. */
export function serialOf(certificate: X509Certificate): string {
  return certificate.serialNumber.toUpperCase()
}

/**
 * The map key of a serial: the same for hex in any case, with or without leading zeros. Anything else, such as
 * `PUB_KEY_ID_…`, stays as it is. Never throws, so that a serial from a header can be looked up as received.
 */
export function normalizeSerial(serial: string): string {
  if (!/^[0-9A-Fa-f]+$/.test(serial)) return serial
  return serial.toUpperCase().replace(/^0+(?=.)/, '')
}
