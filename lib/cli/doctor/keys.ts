/** The checks that need no network: each file is what it should be, and they belong together. */
import type { KeyObject, X509Certificate } from 'node:crypto'
import { createPublicKey } from 'node:crypto'
import { Builder, WechatPayError } from '../../index.js'
import { type Configuration, configOf } from '../configuration.js'
import type { Words } from '../words/words.js'
import { commonName, identify, type Material, normalized, serialOf } from './material.js'
import { Report } from './report.js'

const DAY = 24 * 60 * 60 * 1000
const MIN_BITS = 2048
const KEY_BYTES = 32

/**
 * The findings about the keys of a configuration. They show no key. `usable` is the configuration for the later checks,
 * with the faults corrected that can be corrected.
 */
export function checkKeys(
  configuration: Configuration,
  words: Words,
  report = new Report(words),
): { report: Report; usable: Configuration } {
  checkCaller(configuration, report)
  const privateKey = checkPrivateKey(configuration, report)
  const certificate = checkCertificate(configuration, report)
  checkKeyPair(privateKey, certificate, report)
  const serial = checkSerial(configuration, certificate, report)
  checkPlatformKeys(configuration, privateKey, report)
  const apiv3Key = checkSymmetricKey('apiv3-key', configuration.apiv3Key, report)
  const secret = checkSymmetricKey('apiv2-key', configuration.secret, report)
  const entries = Object.entries({ ...configuration, serial, apiv3Key, secret }).filter(
    ([, value]) => value !== undefined,
  )
  const usable = Object.fromEntries(entries)
  checkConfiguration(usable, report)
  return { report, usable }
}

function checkCaller({ mchid, brand_id }: Configuration, report: Report): void {
  const caller = mchid ?? brand_id
  if (caller === undefined) report.fault('merchant', 'MCHID_MISSING')
  else if (!/^\d{1,32}$/.test(String(caller))) report.fault('merchant', 'MCHID_MALFORMED')
  else report.ok('merchant', String(caller))
}

function checkPrivateKey({ privateKey, merchant }: Configuration, report: Report): KeyObject | undefined {
  const given = privateKey ?? memberOf(merchant, 'key')
  if (given === undefined && memberOf(merchant, 'pfx') !== undefined) {
    report.skip('private-key', report.words.doctor.inPkcs12)
    return undefined
  }
  const material = identify(given)
  if (material.kind !== 'private-key') {
    refuseFile('private-key', 'PRIVATE_KEY_WRONG_FILE', material, report)
    return undefined
  }
  const { key } = material
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (key.asymmetricKeyType === 'rsa' && bits !== undefined && bits < MIN_BITS) {
    report.fault('private-key', 'PRIVATE_KEY_WEAK', bits)
    return undefined
  }
  report.ok('private-key', bits === undefined ? String(key.asymmetricKeyType) : `RSA, ${bits} bit`)
  return key
}

function checkCertificate(configuration: Configuration, report: Report): X509Certificate | undefined {
  const given = configuration.certificate ?? memberOf(configuration.merchant, 'cert')
  const { words } = report
  if (given === undefined) {
    report.skip('certificate', words.doctor.noCertificate)
    return undefined
  }
  const material = identify(given)
  if (material.kind !== 'merchant-certificate') {
    refuseFile('certificate', 'CERTIFICATE_WRONG_FILE', material, report)
    return undefined
  }
  const { certificate } = material
  const [owner, mchid] = [commonName(certificate), String(configuration.mchid)]
  const flaw = validityFlaw(certificate)
  if (/^\d+$/.test(owner) && configuration.mchid !== undefined && owner !== mchid) {
    report.fault('certificate', 'CERTIFICATE_OF_OTHER_MERCHANT', owner, mchid)
  } else if (flaw.kind === 'expired') report.fault('certificate', 'CERTIFICATE_EXPIRED', flaw.date)
  else if (flaw.kind === 'future') report.fault('certificate', 'CERTIFICATE_NOT_YET_VALID', flaw.date)
  else if (flaw.kind === 'soon') report.warn('certificate', 'CERTIFICATE_EXPIRES_SOON', flaw.date)
  else report.ok('certificate', words.doctor.validTo(serialOf(certificate), flaw.date))
  return certificate
}

interface Validity {
  readonly kind: 'valid' | 'expired' | 'future' | 'soon'
  readonly date: string
}

function validityFlaw({ validFrom, validTo }: X509Certificate): Validity {
  const [from, to, now] = [Date.parse(validFrom), Date.parse(validTo), Date.now()]
  if (now < from) return { kind: 'future', date: day(from) }
  const kind = now > to ? 'expired' : to - now < 30 * DAY ? 'soon' : 'valid'
  return { kind, date: day(to) }
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function checkKeyPair(key: KeyObject | undefined, certificate: X509Certificate | undefined, report: Report): void {
  if (!report.allows('key-pair', 'private-key', 'certificate')) return
  if (!key || !certificate) report.skip('key-pair', report.words.doctor.noPair)
  else if (certificate.checkPrivateKey(key)) report.ok('key-pair', report.words.doctor.pair)
  else report.fault('key-pair', 'PRIVATE_KEY_OF_OTHER_CERTIFICATE')
}

/** Returns the right serial, if it is known. */
function checkSerial(
  { serial, certs, merchant }: Configuration,
  certificate: X509Certificate | undefined,
  report: Report,
): unknown {
  const own = certificate && serialOf(certificate)
  if (serial === undefined || serial === '') {
    if (own) report.ok('serial', report.words.doctor.serialFromCertificate(own))
    else if (memberOf(merchant, 'pfx') !== undefined) report.skip('serial', report.words.doctor.inPkcs12)
    else report.fault('serial', 'SERIAL_MISSING')
    return own
  }
  const given = String(serial)
  const isPlatform = Object.entries(Object(certs)).some(
    ([name, value]) => normalized(name) === normalized(given) && identify(value).kind === 'platform-certificate',
  )
  const hex = hexOfDecimal(given)
  const isDecimal = hex !== undefined && (hex === (own && normalized(own)) || given.length > 40)
  if (/^PUB_KEY_ID/i.test(given)) report.fault('serial', 'SERIAL_IS_PUBLIC_KEY_ID')
  else if (isPlatform) report.fault('serial', 'SERIAL_OF_PLATFORM', given)
  else if (own && normalized(given) === normalized(own)) report.ok('serial', own)
  else if (isDecimal) report.fault('serial', 'SERIAL_DECIMAL', hex)
  else if (!/^[0-9A-Fa-f]{1,40}$/.test(given)) report.fault('serial', 'SERIAL_MALFORMED')
  else if (!own) report.ok('serial', given.toUpperCase())
  // With a fault in the certificate, it is not known which of the two is wrong.
  else if (report.allows('serial', 'certificate', 'key-pair'))
    report.fault('serial', 'SERIAL_OF_OTHER_CERTIFICATE', own)
  if (own === undefined && !isDecimal) return given
  report.release('serial')
  return own ?? hex
}

function hexOfDecimal(serial: string): string | undefined {
  return /^\d{1,50}$/.test(serial) ? BigInt(serial).toString(16).toUpperCase() : undefined
}

function checkPlatformKeys({ certs, apiv3Key }: Configuration, own: KeyObject | undefined, report: Report): void {
  const { words } = report
  const entries = Object.entries(Object(certs))
  if (entries.length === 0) {
    if (apiv3Key === undefined) report.fault('platform-keys', 'PLATFORM_KEYS_MISSING')
    else report.ok('platform-keys', words.doctor.platformKeysDownloaded)
    return
  }
  for (const [name, value] of entries) if (!isPlatformKey(name, identify(value), own, report)) return
  report.ok('platform-keys', entries.map(([name]) => (isHarmless(name) ? name : words.materials.other)).join(', '))
}

/** Reports the fault of an entry if it has one. */
function isPlatformKey(name: string, material: Material, own: KeyObject | undefined, report: Report): boolean {
  const isId = /^PUB_KEY_ID_[0-9A-Fa-f]+$/.test(name)
  const isSerial = /^[0-9A-Fa-f]{1,40}$/.test(name)
  if (material.kind === 'other') return true
  if (material.kind === 'public-key') {
    if (own?.asymmetricKeyType === 'rsa' && createPublicKey(own).equals(material.key)) {
      report.fault('platform-keys', 'PLATFORM_KEY_IS_MERCHANTS')
    } else if (!isId && !/^[0-9A-Fa-f]{40}$/.test(name)) report.fault('platform-keys', 'PUBLIC_KEY_ID_MALFORMED')
    else return true
    return false
  }
  if (material.kind === 'platform-certificate') {
    const { certificate } = material
    const { kind, date } = validityFlaw(certificate)
    if (isId) report.fault('platform-keys', 'PUBLIC_KEY_IS_CERTIFICATE', name)
    else if (!isSerial || normalized(name) !== normalized(serialOf(certificate))) {
      report.fault('platform-keys', 'PLATFORM_CERTIFICATE_SERIAL', serialOf(certificate))
    } else if (kind === 'expired') report.fault('platform-keys', 'PLATFORM_CERTIFICATE_EXPIRED', date)
    else return true
    return false
  }
  refuseFile('platform-keys', 'PLATFORM_KEY_WRONG_FILE', material, report, isHarmless(name) ? name : 'certs')
  return false
}

/** Whether it is certainly not a secret that was put there by mistake, such as a key of 32 hex digits. */
function isHarmless(name: string): boolean {
  return /^(?:PUB_KEY_ID_)?[0-9A-Fa-f]{1,31}$|^(?:PUB_KEY_ID_)?[0-9A-Fa-f]{33,40}$/.test(name)
}

/** Returns the key without surrounding white space; undefined for one that cannot be used. */
function checkSymmetricKey(id: 'apiv3-key' | 'apiv2-key', key: unknown, report: Report): string | undefined {
  const { words } = report
  if (key === undefined || key === '') {
    report.skip(id, id === 'apiv3-key' ? words.doctor.noApiv3Key : words.doctor.noSecret)
    return undefined
  }
  const trimmed = String(key).trim()
  const bytes = Buffer.byteLength(String(key))
  if (bytes === KEY_BYTES) report.ok(id, words.doctor.keyLength)
  else if (Buffer.byteLength(trimmed) === KEY_BYTES) {
    report.fault(id, 'KEY_WITH_WHITE_SPACE')
    report.release(id)
    return trimmed
  } else {
    if (trimmed.includes('-----BEGIN')) report.fault(id, 'KEY_IS_PEM')
    else report.fault(id, 'KEY_LENGTH', bytes)
    return undefined
  }
  return String(key)
}

/** The library's check of everything else, once the keys have no faults. */
function checkConfiguration(configuration: Configuration, report: Report): void {
  const { words } = report
  // Without keys of WeChat Pay, they are downloaded with the APIv3 key.
  const last = Object.keys(Object(configuration.certs)).length > 0 ? 'platform-keys' : 'apiv3-key'
  const needed = ['merchant', 'private-key', 'certificate', 'key-pair', 'serial', 'platform-keys', last] as const
  if (!report.allows('configuration', ...needed)) return
  try {
    Builder.factory(configOf(configuration))
    report.ok('configuration', words.doctor.accepted)
  } catch (error) {
    if (!(error instanceof WechatPayError)) throw error
    report.fault('configuration', 'CONFIGURATION_REFUSED', error.message)
  }
}

type WrongFile = 'PRIVATE_KEY_WRONG_FILE' | 'CERTIFICATE_WRONG_FILE' | 'PLATFORM_KEY_WRONG_FILE'

function refuseFile(
  id: 'private-key' | 'certificate' | 'platform-keys',
  code: WrongFile,
  material: Material,
  report: Report,
  option: string = OPTIONS[id],
): void {
  if (material.kind === 'other') report.skip(id, report.words.doctor.otherForm)
  else if (material.kind === 'missing-file') report.fault(id, 'FILE_MISSING', option, material.path)
  else report.fault(id, code, report.words.materials[material.kind], option)
}

const OPTIONS = { 'private-key': 'privateKey', certificate: 'certificate', 'platform-keys': 'certs' } as const

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
