/** Decrypts apiclient_cert.p12: old PKCS#12 containers (RC2-40, 3DES), which Node's TLS refuses, and modern ones (AES). */
import { Buffer } from 'node:buffer'
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { asn1, pkcs12 } from 'node-forge'
import { InvalidArgumentError } from '../errors.js'
import { loadForge } from '../util/packages.js'
import { kindOf } from '../util/wording.js'
import { parseBase64 } from './bytes.js'
import { identifyDer } from './der.js'
import { LARGEST_INPUT, readKeyFile } from './key-input.js'
import { keyMatchesCertificate, loadCertificate } from './keys.js'
import { looksLikePem } from './pem.js'
import { asksTooMuch } from './pkcs12-work.js'
import { mentionsSm2 } from './sm2-key.js'

type Forge = typeof import('node-forge')

/** A PKCS#12 file: a `file://` URL, the bytes, or their base64. */
export type Pkcs12Input = string | URL | Uint8Array

const DEFAULT_PASSPHRASE = 'WeChat Pay issues apiclient_cert.p12 with the mchid as its passphrase.'
const REPACK =
  'Write a new file with `openssl pkcs12 -legacy -in old.p12 -nodes | openssl pkcs12 -export -out new.p12`.'

/**
 * The private key of a PKCS#12 file and the certificate that belongs to it; other certificates in the file are skipped.
 * `option` names the input in errors, which never show the passphrase or the content.
 *
 * @throws InvalidArgumentError for a file that cannot be read or is not PKCS#12, a wrong passphrase, an algorithm other
 *   than RC2, 3DES and AES, and a file without an RSA key of at least 2048 bits or an SM2 key, or without its certificate.
 */
export function loadPkcs12(
  pfx: Pkcs12Input,
  passphrase: string,
  option: string,
): { certificate: X509Certificate; key: KeyObject } {
  if (typeof passphrase !== 'string') {
    throw new InvalidArgumentError(
      `The passphrase of \`${option}\` must be a string; got ${kindOf(passphrase)}. ${DEFAULT_PASSPHRASE}`,
    )
  }
  const bytes = readBytes(pfx, option)
  // Loaded on first use: it is large, and most merchants have PEM files.
  const forge = loadForge()
  const bags = decrypt(forge, bytes, passphrase, option)
  const keys = bags.flatMap(bag => keyIn(forge, bag) ?? [])
  const certificates = bags.flatMap(bag => certificateIn(forge, bag) ?? [])
  for (const key of keys) {
    const certificate = certificates.find(candidate => keyMatchesCertificate(key, candidate))
    if (certificate) return { certificate: loadCertificate(certificate, option), key }
  }
  const missing = keys.length === 0 ? 'an RSA or SM2 private key' : 'a certificate that belongs to its private key'
  throw unsuitable(option, `a file without ${missing}`, 'Export both together.')
}

function decrypt(forge: Forge, bytes: Buffer, passphrase: string, option: string): pkcs12.Bag[] {
  const container = parse(forge, bytes, option)
  if (asksTooMuch(forge, container, passphrase)) {
    throw unsuitable(option, 'a file whose passphrase is hashed too often', REPACK)
  }
  try {
    return forge.pkcs12.pkcs12FromAsn1(container, passphrase).safeContents.flatMap(({ safeBags }) => safeBags)
  } catch (cause) {
    throw explain(cause, container, option)
  }
}

/** The version of a container is 3, which no key and no certificate begins with. */
function parse(forge: Forge, bytes: Buffer, option: string): asn1.Asn1 {
  if (bytes.length > LARGEST_INPUT) throw unsuitable(option, `${bytes.length} bytes, more than any has`, REPACK)
  try {
    const container = forge.asn1.fromDer(bytes.toString('latin1'))
    if (Array.isArray(container.value) && container.value[0]?.value === '\u0003') return container
  } catch {
    // The error below says what the bytes are instead.
  }
  throw unsuitable(option, describe(bytes), 'PEM files go to merchant.cert and merchant.key.')
}

function describe(bytes: Buffer): string {
  if (looksLikePem(bytes.toString('latin1'))) return 'PEM'
  const format = identifyDer(bytes)
  return format === undefined ? `${bytes.length} bytes of a different format` : `DER of a different kind (${format})`
}

/** The errors of forge differ in their messages alone. */
function explain(cause: unknown, container: asn1.Asn1, option: string): InvalidArgumentError {
  const reason = cause instanceof Error ? cause.message : ''
  if (/unsupported/i.test(reason)) {
    return unsuitable(option, 'an algorithm other than RC2, 3DES and AES', REPACK, cause)
  }
  const hasMac = container.value.length > 2
  if (hasMac && !reason.includes('MAC could not be verified')) {
    return unsuitable(option, 'a damaged file, or one whose passphrase is not ASCII', REPACK, cause)
  }
  return new InvalidArgumentError(`The passphrase of \`${option}\` is wrong. ${DEFAULT_PASSPHRASE}`, { cause })
}

// forge leaves keys and certificates other than RSA as the ASN.1 that they are.
function keyIn(forge: Forge, { key, asn1 }: pkcs12.Bag): KeyObject | undefined {
  if (key) {
    return createPrivateKey({ key: toDer(forge, forge.pki.privateKeyToAsn1(key)), format: 'der', type: 'pkcs1' })
  }
  const der = asn1 && toDer(forge, asn1)
  if (!der || identifyDer(der) !== 'private.pkcs8' || !mentionsSm2(der)) return undefined
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function certificateIn(forge: Forge, { cert, asn1 }: pkcs12.Bag): X509Certificate | undefined {
  if (cert) return new X509Certificate(toDer(forge, forge.pki.certificateToAsn1(cert)))
  const der = asn1 && toDer(forge, asn1)
  return der && identifyDer(der) === 'certificate' && mentionsSm2(der) ? new X509Certificate(der) : undefined
}

function toDer(forge: Forge, value: asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(value).getBytes(), 'latin1')
}

function readBytes(pfx: Pkcs12Input, option: string): Buffer {
  if (pfx instanceof Uint8Array) return Buffer.from(pfx.buffer, pfx.byteOffset, pfx.byteLength)
  if (pfx instanceof URL) return readKeyFile(pfx, option)
  if (typeof pfx === 'string') {
    if (/^file:\/\//i.test(pfx)) return readKeyFile(pfx, option)
    if (looksLikePem(pfx)) return Buffer.from(pfx)
    const bytes = parseBase64(pfx.replace(/\s+/g, ''))
    if (bytes?.length) return bytes
  }
  const found = typeof pfx === 'string' ? 'a string that is neither a file:// URL nor base64' : kindOf(pfx)
  throw unsuitable(option, found, 'Pass file:// with an absolute path, three slashes in all, or the bytes of the file.')
}

function unsuitable(option: string, found: string, cure: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `\`${option}\` must be a PKCS#12 file with the merchant API certificate and its key; got ${found}. ${cure}`,
    { cause },
  )
}
