/** Keys and certificates once they are decoded, before it is checked whether they are of the expected kind. */
import type { Buffer } from 'node:buffer'
import {
  createPrivateKey,
  createPublicKey,
  getCurves,
  type JsonWebKeyInput,
  type KeyObject,
  X509Certificate,
} from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { type DerFormat, identifyDer } from './der.js'
import { excessiveWork } from './derivation.js'
import { mentionsSm2 } from './sm2-key.js'

/** A JSON Web Key (RFC 7517), as `createPrivateKey` takes it. */
export type Jwk = JsonWebKeyInput['key']

/** One key or certificate of an input; `kind` is its name in errors. */
export type KeyMaterial =
  | { kind: 'a private key'; key: KeyObject }
  | { kind: 'a public key'; key: KeyObject }
  | { kind: 'a certificate'; certificate: X509Certificate }
  | { kind: 'an encrypted private key'; decrypt: (passphrase: string) => KeyObject }
  | Unusable

/** Content that cannot be used as a key or a certificate; `cure` says what to do about it, where that is known. */
export interface Unusable {
  kind: 'unusable'
  found: string
  cure: string | undefined
}

export function unusable(found: string, cure?: string): Unusable {
  return { kind: 'unusable', found, cure }
}

export function fromKeyObject(key: KeyObject): KeyMaterial {
  if (key.type === 'secret') return unusable('a secret (symmetric) key')
  return { kind: `a ${key.type} key`, key }
}

export function fromJwk(jwk: Jwk, option: string): KeyMaterial {
  return read('JWK', option, () => {
    const source = { key: jwk, format: 'jwk' } as const
    // createPublicKey would take a private JWK and give its public half.
    return fromKeyObject('d' in jwk ? createPrivateKey(source) : createPublicKey(source))
  })
}

/** The material of DER bytes, or undefined when they are neither a key nor a certificate. */
export function fromDer(der: Buffer, option: string): KeyMaterial | undefined {
  const format = identifyDer(der)
  if (format && mentionsSm2(der) && !getCurves().includes('SM2')) {
    return unusable('an SM2 key, which this runtime does not support', 'Use a build of Node.js from nodejs.org.')
  }
  return format && read(format, option, () => decodeDer(der, format))
}

function decodeDer(der: Buffer, format: DerFormat): KeyMaterial {
  const source = { key: der, format: 'der' } as const
  switch (format) {
    case 'private.pkcs1':
      return fromKeyObject(createPrivateKey({ ...source, type: 'pkcs1' }))
    case 'private.pkcs8':
      return fromKeyObject(createPrivateKey({ ...source, type: 'pkcs8' }))
    case 'private.sec1':
      return fromKeyObject(createPrivateKey({ ...source, type: 'sec1' }))
    case 'public.pkcs1':
      return fromKeyObject(createPublicKey({ ...source, type: 'pkcs1' }))
    case 'public.spki':
      return fromKeyObject(createPublicKey({ ...source, type: 'spki' }))
    case 'encrypted.pkcs8': {
      const excess = excessiveWork(der)
      if (excess) {
        return unusable(`an encrypted private key with ${excess}`, 'Encrypt it again with openssl pkcs8 -topk8.')
      }
      return fromEncrypted(passphrase => createPrivateKey({ ...source, type: 'pkcs8', passphrase }))
    }
    case 'certificate':
      return { kind: 'a certificate', certificate: new X509Certificate(der) }
    case 'sm2.ciphertext':
      return unusable('a ciphertext')
    case 'pkcs12':
      return unusable('a PKCS#12 file', 'Pass it as merchant.pfx, with its passphrase.')
  }
}

export function fromEncrypted(decrypt: (passphrase: string) => KeyObject): KeyMaterial {
  return { kind: 'an encrypted private key', decrypt }
}

function read(what: string, option: string, decode: () => KeyMaterial): KeyMaterial {
  try {
    return decode()
  } catch (cause) {
    throw new InvalidArgumentError(
      `\`${option}\` must be a complete key or certificate; got ${what} content that cannot be decoded. Export it again, or check that it was copied whole.`,
      { cause },
    )
  }
}
