/** The keys and certificates of the simulated merchant: generated, or taken from an earlier simulator. */

import {
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { promisify } from 'node:util'
import { BRAND_SCHEME, nonce, SCHEME } from '../../formatter.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { loadForge } from '../../util/packages.js'
import { type MintedCertificate, PlatformKeys } from './platform.js'

/** The keys of a merchant, and those that WeChat Pay has for it. They are strings (PEM, hex), so that JSON can hold them. */
export interface MerchantKeys {
  /** The merchant API certificate (`apiclient_cert.pem`) and its private key (`apiclient_key.pem`). */
  merchant: { serial: string; privateKey: string; certificate: string }
  /** The platform certificate, with the private key that WeChat Pay signs with. */
  platformCertificate: MintedCertificate
  /** The WeChat Pay public key, with its private key. `serial` is its `PUB_KEY_ID_…`. */
  platformPublicKey: { serial: string; privateKey: string; publicKey: string }
  /** 32 characters. */
  apiv3Key: string
  /** The APIv2 key, 32 characters. */
  secret: string
}

/** The serial number and the private key (PEM) of the API certificate of a brand, and its APIv3 key (32 characters). */
export interface BrandKeys {
  serial: string
  privateKey: string
  apiv3Key: string
}

/** All keys of one simulator: those of its first merchant, of the other merchants and of the brands. */
export interface SimulatorKeys extends MerchantKeys {
  /** The keys of the default brand, once they have been used. */
  brand?: BrandKeys
  /** The other merchants of the option `merchants`, by their merchant IDs. */
  merchants?: Record<string, MerchantKeys>
  /** The brands of the option `merchants`, by their brand IDs. */
  brands?: Record<string, BrandKeys>
  /** The authority that signs its https certificates, once it has served https. PEM. */
  authority?: { privateKey: string; certificate: string }
}

export { BRAND_SCHEME, SCHEME }

/** A merchant or a brand with its keys. */
export interface Merchant {
  /** How its requests and the responses to them are signed. */
  readonly scheme: string
  /** For a brand, its brand_id. */
  readonly mchid: string
  readonly serial: string
  readonly publicKey: KeyObject
  /** The merchant API certificate; undefined for a brand. */
  readonly certificate: X509Certificate | undefined
  readonly apiv3Key: string
  /** The APIv2 key. */
  readonly secret: string
  /** The keys of WeChat Pay for this merchant. */
  readonly platform: PlatformKeys
}

const DAY = 24 * 60 * 60 * 1000
const YEAR = 365 * DAY
const ISSUER = { CN: 'Tenpay.com Root CA', OU: 'Tenpay.com CA Center', O: 'Tenpay.com', C: 'CN' }
const PLATFORM = { CN: 'Tenpay.com sign', OU: 'Tenpay.com CA Center', O: 'Tenpay.com', L: 'Shenzhen', C: 'CN' }

/** The merchant certificate is valid from `now`. */
export async function mintKeys(mchid: string, now: EpochMilliseconds): Promise<MerchantKeys> {
  const [merchant, platformCertificate, publicKey] = await Promise.all([
    mintKeyPair(),
    // One day older, so that the certificate of a rotation at `now` is newer: clients use the newest one.
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

/** The certificate is valid from `now`. */
export async function mintPlatformCertificate(now: EpochMilliseconds): Promise<MintedCertificate> {
  const pair = await mintKeyPair()
  return { ...(await mintCertificate(pair, PLATFORM, now)), privateKey: pair.privateKey }
}

export function createMerchant(mchid: string, keys: MerchantKeys, publicKeyOnly = false): Merchant {
  const { merchant, platformCertificate, platformPublicKey } = keys
  return {
    scheme: SCHEME,
    mchid,
    serial: merchant.serial,
    publicKey: createPublicKey(merchant.certificate),
    certificate: new X509Certificate(merchant.certificate),
    apiv3Key: keys.apiv3Key,
    secret: keys.secret,
    platform: new PlatformKeys(platformPublicKey, publicKeyOnly ? undefined : platformCertificate),
  }
}

const PEM = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

export const KEY_OPTIONS = { modulusLength: 2048, ...PEM } as const

const EC_OPTIONS = { namedCurve: 'P-256', ...PEM } as const

interface CertificateOptions {
  issuer?: Record<string, string>
  extensions?: object[]
  /** The private key of the issuer, PEM. */
  signer?: string
}

interface KeyPair {
  privateKey: string
  publicKey: string
}

export function mintKeyPair(): Promise<KeyPair> {
  return promisify(generateKeyPair)('rsa', KEY_OPTIONS)
}

/** For TLS only: WeChat Pay signs with RSA. It takes a hundredth of the time to generate. */
export function mintEcKeyPair(): KeyPair {
  return generateKeyPairSync('ec', EC_OPTIONS)
}

/** Valid for five years from `now`. `extensions` are passed to node-forge; without `signer`, it is self-signed. */
export async function mintCertificate(
  keys: KeyPair,
  subject: Record<string, string>,
  now: EpochMilliseconds,
  { issuer = ISSUER, extensions = [], signer = keys.privateKey }: CertificateOptions = {},
) {
  const { asn1, md, pki } = loadForge()
  const certificate = pki.createCertificate()
  const issuerKey = pki.privateKeyFromPem(signer)
  certificate.publicKey = pki.setRsaPublicKey(issuerKey.n, issuerKey.e)
  certificate.serialNumber = mintSerial()
  certificate.validity.notBefore = new Date(now)
  certificate.validity.notAfter = new Date(now + 5 * YEAR)
  certificate.setSubject(attributes(subject))
  certificate.setIssuer(attributes(issuer))
  certificate.setExtensions(extensions)
  const key = Object.assign(issuerKey, {
    sign() {
      const { tbsCertificate } = certificate
      if (typeof tbsCertificate.value === 'string') throw new TypeError('A certificate must be a list of fields.')
      // node-forge supports RSA keys only, so it has put the key of the issuer here.
      tbsCertificate.value[6] = asn1.fromDer(derOf(keys.publicKey))
      // OpenSSL signs in a millisecond, node-forge in a tenth of a second.
      const content = Buffer.from(asn1.toDer(tbsCertificate).getBytes(), 'latin1')
      return sign('sha256', content, signer).toString('latin1')
    },
  })
  // Clients pin platform certificates and verify no chain.
  certificate.sign(key, md.sha256.create())
  return { serial: certificate.serialNumber.toUpperCase(), certificate: pki.certificateToPem(certificate) }
}

function derOf(publicKey: string): string {
  return createPublicKey(publicKey).export({ type: 'spki', format: 'der' }).toString('latin1')
}

/** 20 bytes. The first is 40 to 7F, so that the integer is positive and keeps all 40 hex digits. */
export function mintSerial(): string {
  const bytes = randomBytes(20)
  bytes.writeUInt8((bytes.readUInt8() & 0x3f) | 0x40)
  return bytes.toString('hex')
}

function attributes(name: Record<string, string>) {
  return Object.entries(name).map(([shortName, value]) => ({ shortName, value }))
}
