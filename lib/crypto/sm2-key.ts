/** SM2 keys: recognised by the OID of their curve, since Node has no name for their type. */
import { Buffer } from 'node:buffer'
import { createPrivateKey, createPublicKey, ECDH, type KeyObject } from 'node:crypto'
import { membersOfDer } from './der.js'

/** `SEQUENCE { OBJECT IDENTIFIER id-ecPublicKey, OBJECT IDENTIFIER sm2 }`. */
const SM2_ALGORITHM = Buffer.from('301306072a8648ce3d020106082a811ccf5501822d', 'hex')

/** Whether the bytes of a key or of a certificate name the curve SM2. */
export function mentionsSm2(der: Buffer): boolean {
  return der.includes(SM2_ALGORITHM)
}

/**
 * The key as node:crypto uses it for SM2, or undefined for a different kind. A key that was generated in this process is
 * an ordinary key on the same curve to node:crypto, which would make ECDSA signatures with it; it is read again.
 */
export function asSm2Key(key: KeyObject): KeyObject | undefined {
  const { asymmetricKeyType: type } = key
  if (type !== undefined && type !== 'ec') return undefined
  const der = exportKey(key)
  if (!membersOfDer(der)?.some(({ encoded }) => SM2_ALGORITHM.equals(encoded))) return undefined
  if (type === undefined) return key
  return key.type === 'private'
    ? createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    : createPublicKey({ key: der, format: 'der', type: 'spki' })
}

// Never as SEC 1: Node 20 aborts the process for an SM2 key.
function exportKey(key: KeyObject): Buffer {
  return key.type === 'private'
    ? key.export({ format: 'der', type: 'pkcs8' })
    : key.export({ format: 'der', type: 'spki' })
}

/** The point of an SM2 public key, 65 bytes: 04, x, y. */
export function pointOf(publicKey: KeyObject): Buffer {
  const [, bits] = membersOfDer(exportKey(publicKey)) ?? []
  // A bit string begins with the number of its unused bits.
  return uncompressed(bits?.content.subarray(1) ?? Buffer.of())
}

/** The 65 bytes of a point. @throws Error for bytes that are not a point on the curve. */
function uncompressed(point: Uint8Array): Buffer {
  const converted: string | Buffer = ECDH.convertKey(Buffer.from(point), 'SM2', undefined, undefined, 'uncompressed')
  return Buffer.from(converted)
}

/** The number of an SM2 private key, 32 bytes: keep it no longer than it is needed. */
export function scalarOf(privateKey: KeyObject): Uint8Array {
  const [, , octets] = membersOfDer(exportKey(privateKey)) ?? []
  const [, scalar] = membersOfDer(octets?.content ?? Buffer.of()) ?? []
  return scalar?.content ?? Buffer.of()
}
