/** The forms in which a user may pass a key or a certificate: objects, bytes, strings and files. */
import { Buffer } from 'node:buffer'
import { createPrivateKey, KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { InvalidArgumentError } from '../errors.js'
import { kindOf } from '../util/wording.js'
import { decodeBase64, parseBase64 } from './bytes.js'
import { identifyDer } from './der.js'
import { fromDer, fromEncrypted, fromJwk, fromKeyObject, type Jwk, type KeyMaterial, unusable } from './key-material.js'
import { looksLikePem, type PemBlock, readPem } from './pem.js'

/**
 * A key or a certificate: PEM (line ends may be escaped as `\n`), PEM or DER bytes, a `file://` URL, base64 of DER or PEM,
 * alone or behind `private.pkcs1://`, `private.pkcs8://`, `public.pkcs1://` or `public.spki://`, a `KeyObject`,
 * a JWK, or an `X509Certificate`.
 */
export type KeyInput = string | URL | Uint8Array | KeyObject | Jwk | X509Certificate

/** Bytes: of a file with a key, its certificate and the chain, several times over. */
export const LARGEST_INPUT = 64 * 1024

const INLINE = /^((?:private|public)\.(?:pkcs1|pkcs8|spki)):\/\/(.*)$/s
const KEY_LABEL = /^(?:(?:RSA |EC |ENCRYPTED )?PRIVATE KEY|(?:RSA )?PUBLIC KEY|(?:X509 |TRUSTED )?CERTIFICATE)$/
const PATH = /^(?:\.{0,2}\/|~\/|[A-Za-z]:\\)|\.(?:pem|key|crt|cer|der|p12|pfx)$/i

/** All keys and certificates of an input, in order: a PEM file may contain a certificate and its key. Never empty. */
export function readInput(input: KeyInput, option: string): KeyMaterial[] {
  if (input instanceof KeyObject) return [fromKeyObject(input)]
  if (input instanceof X509Certificate) return [{ kind: 'a certificate', certificate: input }]
  if (input instanceof URL) return fromFile(input, option)
  if (input instanceof Uint8Array) return fromBytes(input, option)
  if (typeof input === 'string') {
    return input.length > LARGEST_INPUT ? [tooLarge(input.length)] : fromString(input.trim(), option)
  }
  if (typeof input === 'object' && input !== null && 'kty' in input) return [fromJwk(input, option)]
  return [unusable(kindOf(input))]
}

function fromString(string: string, option: string): KeyMaterial[] {
  if (string === '') return [unusable('an empty string')]
  if (/^file:\/\//i.test(string)) return fromFile(string, option)
  if (looksLikePem(string)) return fromPem(string, option)
  const [, format, base64] = INLINE.exec(string) ?? []
  if (format !== undefined && base64 !== undefined) return [fromInline(format, base64, option)]
  return fromBase64(string, option) ?? [fromUnknown(string)]
}

function fromFile(file: string | URL, option: string): KeyMaterial[] {
  return fromBytes(readKeyFile(file, option), option)
}

/** @throws InvalidArgumentError for a file that cannot be read. */
export function readKeyFile(file: string | URL, option: string): Buffer {
  try {
    return readFileSync(new URL(file))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidArgumentError(
      `\`${option}\` names a file that cannot be read (${reason}). Write file:// with an absolute path, three slashes in all, to a file that this process may read.`,
      { cause },
    )
  }
}

function fromBytes(bytes: Uint8Array, option: string): KeyMaterial[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length === 0) return [unusable('no bytes')]
  if (buffer.length > LARGEST_INPUT) return [tooLarge(buffer.length)]
  const string = buffer.toString('latin1')
  if (looksLikePem(string)) return fromPem(string, option)
  const material = fromDer(buffer, option)
  if (material) return [material]
  if (isUtf16(buffer))
    return [unusable('a file in UTF-16', 'Save it as UTF-8 or ASCII: PowerShell writes UTF-16 by >.')]
  return fromBase64(string, option) ?? [unusable('bytes that are neither PEM nor DER of a key')]
}

function tooLarge(length: number): KeyMaterial {
  return unusable(`${length} bytes, which is more than any key has (${LARGEST_INPUT})`)
}

/** Whether it is PEM with two bytes for each character, with a byte order mark or without. */
function isUtf16(bytes: Buffer): boolean {
  return looksLikePem(bytes.toString('latin1').replaceAll('\0', ''))
}

function fromPem(string: string, option: string): KeyMaterial[] {
  const blocks = readPem(string)
  if (blocks.length > 0) return blocks.map(block => fromPemBlock(block, option))
  return [unusable('PEM without its END line', 'Pass all of it, with its line ends kept or escaped as \\n.')]
}

function fromPemBlock({ label, base64, encrypted }: PemBlock, option: string): KeyMaterial {
  if (encrypted !== undefined) return fromEncrypted(passphrase => createPrivateKey({ key: encrypted, passphrase }))
  const der = parseBase64(base64)
  if (!der) {
    throw new InvalidArgumentError(
      `\`${option}\` must be complete PEM; got PEM labelled ${label} whose content is not base64. Copy it again.`,
    )
  }
  // A certificate request has the outer structure of a certificate.
  const material = label.endsWith('REQUEST') ? undefined : fromDer(der, option)
  if (material) return material
  return KEY_LABEL.test(label)
    ? unusable(`PEM labelled ${label} that is damaged or cut short`, 'Copy all of its lines again.')
    : unusable(`PEM labelled ${label}`)
}

function fromInline(format: string, base64: string, option: string): KeyMaterial {
  const der = decodeBase64(base64, option)
  const actual = identifyDer(der)
  const material = actual === format ? fromDer(der, option) : undefined
  return material ?? unusable(`${format}:// with ${actual ? `the content of ${actual}` : 'content that is not a key'}`)
}

/** Base64 of DER, or of a whole PEM file, as Kubernetes keeps it. */
function fromBase64(string: string, option: string): KeyMaterial[] | undefined {
  const bytes = parseBase64(string.replace(/\s+/g, ''))
  if (!bytes) return undefined
  const content = bytes.toString('latin1')
  if (looksLikePem(content)) return fromPem(content, option)
  const material = fromDer(bytes, option)
  return material && [material]
}

function fromUnknown(string: string): KeyMaterial {
  if (!PATH.test(string)) return unusable('a string that is neither PEM nor base64 of a key')
  // Shown only if it ends like a file name: base64 may begin like a path, but contains no dot.
  const isFileName = /^[^~\s].*\.\w{3}$/.test(string)
  return unusable(
    'a path',
    `Did you mean ${isFileName ? pathToFileURL(string).href : 'file:///absolute/path/to/the/file.pem'} ?`,
  )
}
