/** The keys of a merchant that exists nowhere else: minted in a moment, or given by who has them already. */
import { createPublicKey, generateKeyPair, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { nonce } from '../../formatter.js'
import { type MintedCertificate, PlatformKeys } from './platform.js'

/** Everything is text (PEM, hex), so that it can be kept as JSON and cross a process boundary. */
export interface SimulatorKeys {
  /** The merchant API certificate and its private key, `apiclient_cert.pem` and `apiclient_key.pem`. */
  merchant: { serial: string; privateKey: string; certificate: string }
  /** WeChat Pay's platform certificate, with the private key that only WeChat Pay has. */
  platformCertificate: MintedCertificate
  /** The WeChat Pay public key under its `PUB_KEY_ID_…`, with its private key. */
  platformPublicKey: { serial: string; privateKey: string; publicKey: string }
  /** 32 characters. */
  apiv3Key: string
  /** The APIv2 key, 32 characters. */
  secret: string
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
  /** WeChat Pay's own keys for it. */
  readonly platform: PlatformKeys
}

const DAY = 24 * 60 * 60 * 1000
const YEAR = 365 * DAY
const ISSUER = { CN: 'Tenpay.com Root CA', OU: 'Tenpay.com CA Center', O: 'Tenpay.com', C: 'CN' }
const PLATFORM = { CN: 'Tenpay.com sign', OU: 'Tenpay.com CA Center', O: 'Tenpay.com', L: 'Shenzhen', C: 'CN' }

/** `now`, in milliseconds, is when the merchant certificate begins to be valid. */
export async function mintKeys(mchid: string, now: number): Promise<SimulatorKeys> {
  const [merchant, platformCertificate, publicKey] = await Promise.all([
    mintKeyPair(),
    // A day older than any that a rotation brings: the newest is the one that merchants go by.
    mintPlatformCertificate(now - DAY),
    mintKeyPair(),
  ])
  const subject = { CN: mchid, OU: 'Simulated merchant', O: 'Tenpay.com', L: 'Shenzhen', C: 'CN' }
  return {
    merchant: { ...(await mintCertificate(merchant, subject, now)), privateKey: merchant.privateKey },
    platformCertificate,
    platformPublicKey: { serial: `PUB_KEY_ID_${`01${mchid}`.padEnd(28, '0')}`, ...publicKey },
    apiv3Key: nonce(32),
    secret: nonce(32),
  }
}

/** One that is valid from `now`, in milliseconds. */
export async function mintPlatformCertificate(now: number): Promise<MintedCertificate> {
  const pair = await mintKeyPair()
  return { ...(await mintCertificate(pair, PLATFORM, now)), privateKey: pair.privateKey }
}

export function createMerchant(mchid: string, keys: SimulatorKeys, publicKeyOnly = false): Merchant {
  const { merchant, platformCertificate, platformPublicKey } = keys
  return {
    mchid,
    serial: merchant.serial,
    publicKey: createPublicKey(merchant.certificate),
    certificate: new X509Certificate(merchant.certificate),
    apiv3Key: keys.apiv3Key,
    secret: keys.secret,
    platform: new PlatformKeys(platformPublicKey, publicKeyOnly ? undefined : platformCertificate),
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
