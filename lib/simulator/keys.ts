/** The keys of a merchant that exists nowhere else: minted in a moment, or given by who has them already. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { promisify } from 'node:util'
import { nonce } from '../formatter.js'

/** Everything is text (PEM, hex), so that it can be kept as JSON and cross a process boundary. */
export interface SimulatorKeys {
  /** The merchant API certificate and its private key, `apiclient_cert.pem` and `apiclient_key.pem`. */
  merchant: { serial: string; privateKey: string; certificate: string }
  /** WeChat Pay's platform certificate, with the private key that only WeChat Pay has. */
  platformCertificate: { serial: string; privateKey: string; certificate: string }
  /** The WeChat Pay public key under its `PUB_KEY_ID_…`, with its private key. */
  platformPublicKey: { serial: string; privateKey: string; publicKey: string }
  /** 32 characters. */
  apiv3Key: string
  /** The APIv2 key, 32 characters. */
  secret: string
}

/** One of WeChat Pay's own keys, with the serial that it goes by. */
export interface PlatformKey {
  readonly serial: string
  readonly privateKey: KeyObject
}

/** A merchant as WeChat Pay knows it. */
export interface Merchant {
  readonly mchid: string
  readonly serial: string
  readonly publicKey: KeyObject
  /** The merchant API certificate. */
  readonly certificate: X509Certificate
  readonly apiv3Key: string
  /** The APIv2 key. */
  readonly secret: string
  readonly platformCertificate: PlatformKey & { readonly certificate: X509Certificate }
  readonly platformPublicKey: PlatformKey
}

const YEAR = 365 * 24 * 60 * 60 * 1000
const ISSUER = { CN: 'Tenpay.com Root CA', OU: 'Tenpay.com CA Center', O: 'Tenpay.com', C: 'CN' }
const PLATFORM = { CN: 'Tenpay.com sign', OU: 'Tenpay.com CA Center', O: 'Tenpay.com', L: 'Shenzhen', C: 'CN' }

/** `now`, in milliseconds, is when the certificates begin to be valid; they are for five years. */
export async function mintKeys(mchid: string, now: number): Promise<SimulatorKeys> {
  const [merchant, platform, publicKey] = await Promise.all([mintKeyPair(), mintKeyPair(), mintKeyPair()])
  const subject = { CN: mchid, OU: 'Simulated merchant', O: 'Tenpay.com', L: 'Shenzhen', C: 'CN' }
  return {
    merchant: { ...(await mintCertificate(merchant, subject, now)), privateKey: merchant.privateKey },
    platformCertificate: { ...(await mintCertificate(platform, PLATFORM, now)), privateKey: platform.privateKey },
    platformPublicKey: { serial: `PUB_KEY_ID_${`01${mchid}`.padEnd(28, '0')}`, ...publicKey },
    apiv3Key: nonce(32),
    secret: nonce(32),
  }
}

export function createMerchant(mchid: string, keys: SimulatorKeys): Merchant {
  const { merchant, platformCertificate, platformPublicKey } = keys
  return {
    mchid,
    serial: merchant.serial,
    publicKey: createPublicKey(merchant.certificate),
    certificate: new X509Certificate(merchant.certificate),
    apiv3Key: keys.apiv3Key,
    secret: keys.secret,
    platformCertificate: {
      serial: platformCertificate.serial,
      privateKey: createPrivateKey(platformCertificate.privateKey),
      certificate: new X509Certificate(platformCertificate.certificate),
    },
    platformPublicKey: {
      serial: platformPublicKey.serial,
      privateKey: createPrivateKey(platformPublicKey.privateKey),
    },
  }
}

interface KeyPair {
  privateKey: string
  publicKey: string
}

export function mintKeyPair(): Promise<KeyPair> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

/** For five years from `now`, in milliseconds; the extensions are forge's. */
export async function mintCertificate(
  keys: KeyPair,
  subject: Record<string, string>,
  now: number,
  { issuer = ISSUER, extensions = [] }: { issuer?: Record<string, string>; extensions?: object[] } = {},
) {
  const { default: forge } = await import('node-forge')
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey)
  certificate.serialNumber = mintSerial()
  certificate.validity.notBefore = new Date(now)
  certificate.validity.notAfter = new Date(now + 5 * YEAR)
  certificate.setSubject(attributes(subject))
  certificate.setIssuer(attributes(issuer))
  certificate.setExtensions(extensions)
  const key = Object.assign(forge.pki.privateKeyFromPem(keys.privateKey), {
    // OpenSSL does in a millisecond what takes forge a tenth of a second.
    sign() {
      const content = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), 'latin1')
      return sign('sha256', content, keys.privateKey).toString('latin1')
    },
  })
  // Its own key for want of the root's: clients pin platform certificates and follow no chain.
  certificate.sign(key, forge.md.sha256.create())
  return { serial: certificate.serialNumber.toUpperCase(), certificate: forge.pki.certificateToPem(certificate) }
}

/** 20 bytes whose first is 40 to 7F, so that the integer is positive and all 40 digits stay. */
function mintSerial(): string {
  const bytes = randomBytes(20)
  bytes.writeUInt8((bytes.readUInt8() & 0x3f) | 0x40)
  return bytes.toString('hex')
}

function attributes(name: Record<string, string>) {
  return Object.entries(name).map(([shortName, value]) => ({ shortName, value }))
}
