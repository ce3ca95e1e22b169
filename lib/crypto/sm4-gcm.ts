/** AEAD_SM4_GCM (RFC 8998): certificates, notifications and encrypted bills of merchants that use SM2. */
import { Buffer } from 'node:buffer'
import { type Cipher, createCipheriv, createHash, timingSafeEqual } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { aesKey, decodeBase64, toBytes, toUtf8 } from './bytes.js'
import { Ghash } from './ghash.js'

type Data = string | Uint8Array

const KEY_LENGTH = 16
const TAG_LENGTH = 16
const BLOCK = 16

/**
 * The SM4 key for data that is encrypted with the APIv3 key: the first half of its SM3. @throws InvalidArgumentError
 * for a key that is not 32 bytes.
 */
export function keyOf(apiv3Key: Data): Buffer {
  return createHash('sm3').update(aesKey(apiv3Key)).digest().subarray(0, KEY_LENGTH)
}

/**
 * Encrypts to base64 of the ciphertext and its 16-byte tag. `key` has 16 bytes, `iv` is the `nonce` on the wire (12
 * bytes; never use one twice with the same key), `aad` the `associated_data`.
 *
 * @throws InvalidArgumentError for a key that is not 16 bytes or an empty iv.
 */
export function encrypt(plaintext: Data, key: Data, iv: Data, aad: Data = ''): string {
  const gcm = new Gcm(key, iv, aad)
  const ciphertext = gcm.crypt(toBytes(plaintext, 'plaintext'))
  return Buffer.concat([ciphertext, gcm.authenticate(ciphertext).tag()]).toString('base64')
}

/**
 * Decrypts base64 whose last 16 bytes are the tag to a string.
 *
 * @throws InvalidArgumentError when the ciphertext is not strict base64, is too short, was changed or was encrypted with
 *   a different key, iv or aad, and when the plaintext is not UTF-8.
 */
export function decrypt(ciphertext: string, key: Data, iv: Data, aad: Data = ''): string {
  const bytes = decodeBase64(ciphertext, 'ciphertext')
  if (bytes.length < TAG_LENGTH) {
    throw new InvalidArgumentError(
      `\`ciphertext\` must be at least ${TAG_LENGTH} bytes, the length of the tag; got ${bytes.length}. Pass it whole.`,
    )
  }
  const decipher = createSm4GcmDecipher(key, iv, aad)
  decipher.setAuthTag(bytes.subarray(-TAG_LENGTH))
  const plaintext = decipher.update(bytes.subarray(0, -TAG_LENGTH))
  decipher.final()
  return toUtf8(plaintext, 'plaintext', 'WeChat Pay encrypts strings only.')
}

/** Decrypts piece by piece, as node:crypto does with AES-GCM: nothing may be used before {@link final} has returned. */
export interface Sm4GcmDecipher {
  setAuthTag(tag: Uint8Array): void
  update(bytes: Uint8Array): Buffer
  /** @throws InvalidArgumentError unless the tag is that of everything before. */
  final(): void
}

/** @throws InvalidArgumentError for a key that is not 16 bytes or an empty iv. */
export function createSm4GcmDecipher(key: Data, iv: Data, aad: Data = ''): Sm4GcmDecipher {
  const gcm = new Gcm(key, iv, aad)
  let expected: Uint8Array = Buffer.of()
  return {
    setAuthTag: tag => {
      expected = tag
    },
    update: bytes => gcm.authenticate(bytes).crypt(bytes),
    final: () => {
      const tag = gcm.tag()
      if (expected.length === tag.length && timingSafeEqual(expected, tag)) return
      throw new InvalidArgumentError(
        '`ciphertext` cannot be decrypted with this key, iv and aad. Check that the key is that of this merchant, and that nonce, associated_data and ciphertext come unchanged from the same message.',
      )
    },
  }
}

/** Galois/Counter Mode (NIST SP 800-38D) with SM4. node:crypto has only the counter mode for it. */
class Gcm {
  readonly #stream: CounterStream
  readonly #hash: Ghash
  /** Masks the tag. */
  readonly #mask: Buffer
  readonly #aadLength: number
  #length = 0

  constructor(givenKey: Data, iv: Data, aad: Data) {
    const key = sm4Key(givenKey)
    const hashKey = encryptBlock(key, Buffer.alloc(BLOCK))
    const first = firstCounter(ivBytes(iv), hashKey)
    this.#mask = encryptBlock(key, first)
    this.#stream = new CounterStream(key, withNumber(first, (numberOf(first) + 1) % NUMBERS))
    const additional = toBytes(aad, 'aad')
    this.#aadLength = additional.length
    this.#hash = new Ghash(hashKey).update(additional).pad()
  }

  /** Encrypts or decrypts, which is the same. */
  crypt(bytes: Uint8Array): Buffer {
    return this.#stream.crypt(bytes)
  }

  /** Adds ciphertext to what the tag covers. */
  authenticate(ciphertext: Uint8Array): this {
    this.#hash.update(ciphertext)
    this.#length += ciphertext.length
    return this
  }

  tag(): Buffer {
    const digest = this.#hash.pad().update(lengths(this.#aadLength, this.#length)).digest()
    return Buffer.from(digest.map((byte, index) => byte ^ (this.#mask[index] ?? 0)))
  }
}

const NUMBERS = 2 ** 32

/** The key stream. GCM counts in the last four bytes of the counter alone, where node:crypto carries into those before. */
class CounterStream {
  readonly #key: Uint8Array
  #counter: Buffer
  #cipher: Cipher
  /** How many bytes remain until the number starts again. */
  #left: number

  constructor(key: Uint8Array, counter: Buffer) {
    this.#key = key
    this.#counter = counter
    this.#cipher = createCipheriv('sm4-ctr', key, counter)
    this.#left = (NUMBERS - numberOf(counter)) * BLOCK
  }

  crypt(bytes: Uint8Array): Buffer {
    if (bytes.length <= this.#left) {
      this.#left -= bytes.length
      return this.#cipher.update(bytes)
    }
    const head = this.#cipher.update(bytes.subarray(0, this.#left))
    const rest = bytes.subarray(this.#left)
    this.#counter = withNumber(this.#counter, 0)
    this.#cipher = createCipheriv('sm4-ctr', this.#key, this.#counter)
    this.#left = NUMBERS * BLOCK
    return Buffer.concat([head, this.crypt(rest)])
  }
}

function encryptBlock(key: Uint8Array, block: Uint8Array): Buffer {
  return createCipheriv('sm4-ecb', key, null).setAutoPadding(false).update(block)
}

/** J0: the usual iv of 12 bytes with the number one, the digest of any other. */
function firstCounter(iv: Uint8Array, hashKey: Buffer): Buffer {
  if (iv.length === 12) return Buffer.concat([iv, Buffer.of(0, 0, 0, 1)])
  return new Ghash(hashKey).update(iv).pad().update(lengths(0, iv.length)).digest()
}

/** The last block that is hashed: two lengths in bits. */
function lengths(first: number, second: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.writeBigUInt64BE(BigInt(first) * 8n)
  block.writeBigUInt64BE(BigInt(second) * 8n, 8)
  return block
}

function numberOf(counter: Buffer): number {
  return counter.readUInt32BE(12)
}

function withNumber(counter: Buffer, number: number): Buffer {
  const next = Buffer.from(counter)
  next.writeUInt32BE(number, 12)
  return next
}

function sm4Key(key: Data): Uint8Array {
  const bytes = toBytes(key, 'key')
  if (bytes.length === KEY_LENGTH) return bytes
  throw new InvalidArgumentError(
    `\`key\` must be ${KEY_LENGTH} bytes; got ${bytes.length}. For certificates and notifications it is made from the APIv3 key.`,
  )
}

function ivBytes(iv: Data): Uint8Array {
  const bytes = toBytes(iv, 'iv')
  if (bytes.length > 0) return bytes
  throw new InvalidArgumentError('`iv` must not be empty. Pass the `nonce` of the message, 12 bytes.')
}
