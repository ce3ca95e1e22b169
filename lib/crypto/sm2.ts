/** SM2 signatures with SM3 (GB/T 32918.2), as WeChat Pay makes them: with the standard's default user ID, in DER. */
import { Buffer } from 'node:buffer'
import { createHash, createPublicKey, createSign, createVerify, type KeyObject } from 'node:crypto'
import { parseBase64 } from './bytes.js'
import { pointOf } from './sm2-key.js'

/** The digest that all of SM2 uses. */
export const DIGEST = 'sm3'

const USER_ID = Buffer.from('1234567812345678')

/** What identifies the signer, up to the public key: the length of the ID in bits, the ID, a, b, and the generator. */
const SIGNER = Buffer.concat([
  Buffer.of((USER_ID.length * 8) >> 8, (USER_ID.length * 8) & 0xff),
  USER_ID,
  Buffer.from(
    'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc' +
      '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' +
      '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7' +
      'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
    'hex',
  ),
])

/** The base64 of the signature, whose DER holds r and s. */
export function sign(message: Uint8Array, privateKey: KeyObject): string {
  // Unlike crypto.sign, which signs with an empty user ID, createSign signs the digest of what it is given.
  return createSign(DIGEST).update(signerOf(privateKey)).update(message).sign(privateKey, 'base64')
}

/** Whether `signature` is the base64 signature of `message`; false for anything that is wrong with it. */
export function verify(message: Uint8Array, signature: string, publicKey: KeyObject): boolean {
  const given = parseBase64(signature)
  return (
    given !== undefined && createVerify(DIGEST).update(signerOf(publicKey)).update(message).verify(publicKey, given)
  )
}

// The same keys sign and verify every message.
const signers = new WeakMap<KeyObject, Buffer>()

/** Z: the digest that a signature covers in front of the message. */
function signerOf(key: KeyObject): Buffer {
  const known = signers.get(key)
  if (known) return known
  const [, ...coordinates] = pointOf(key.type === 'private' ? createPublicKey(key) : key)
  const signer = createHash(DIGEST).update(SIGNER).update(Buffer.from(coordinates)).digest()
  signers.set(key, signer)
  return signer
}
