/** Decrypts a part of a bill: nothing of it is passed on before its tag has been verified. */
import { Buffer } from 'node:buffer'
import { createDecipheriv } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { WechatPayError } from '../errors.js'
import { writeSink } from '../files/sink.js'
import { makeTemporaryFolder } from '../files/temporary-folder.js'
import { isPackageMissing } from '../util/packages.js'
import { damaged } from './damage.js'

export interface PartSecret {
  /** 32 bytes for AES-256-GCM, 16 for SM4-GCM. */
  key: Uint8Array
  nonce: string
}

const TAG_LENGTH = 16
const AES_KEY_LENGTH = 32
const SM4_KEY_LENGTH = 16
const PIECE = 256 * 1024

/**
 * Decrypts a part in two passes. Meanwhile a temporary file keeps the part, still encrypted: the first pass verifies the
 * tag at its end, the second passes on the content.
 *
 * @throws WechatPayError `ERR_BILL_CONTENT` (as a rejection) for a part that was changed or cut, or a different key.
 */
export async function* decryptPart(
  source: AsyncIterable<Uint8Array>,
  secret: PartSecret,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, remove } = await makeTemporaryFolder()
  try {
    const file = join(path, 'encrypted')
    await writeSink(source, file)
    const tag = await readTag(file)
    for await (const _piece of decrypt(file, tag, secret));
    yield* decrypt(file, tag, secret)
  } finally {
    await remove()
  }
}

/** Decrypts a key that was encrypted for the merchant; it may be any bytes, or a string. */
export type DecryptKey = (encrypted: string) => string | Uint8Array | Promise<string | Uint8Array>

const CHECK_KEY = 'Check that `privateKey` belongs to `serial`, which the bill was encrypted for.'

/**
 * The key of a part: 32 bytes or 16, or a string of as many.
 *
 * @throws WechatPayError `ERR_BILL_KEY` (as a rejection) for a key that cannot be decrypted or is neither one of AES-256
 *   nor of SM4.
 */
export async function partKey(encrypted: string, decryptKey: DecryptKey): Promise<Uint8Array> {
  const key = Buffer.from(await decrypted(encrypted, decryptKey))
  if (key.length === AES_KEY_LENGTH || key.length === SM4_KEY_LENGTH) return key
  throw new WechatPayError(
    `The decrypted key of the bill must be ${AES_KEY_LENGTH} bytes (AES) or ${SM4_KEY_LENGTH} (SM4); got ${key.length}. ${CHECK_KEY}`,
    { code: 'ERR_BILL_KEY' },
  )
}

async function decrypted(encrypted: string, decryptKey: DecryptKey): Promise<string | Uint8Array> {
  try {
    return await decryptKey(encrypted)
  } catch (cause) {
    if (isPackageMissing(cause)) throw cause
    throw new WechatPayError(`The key of the bill cannot be decrypted. ${CHECK_KEY}`, { code: 'ERR_BILL_KEY', cause })
  }
}

interface Tag {
  bytes: Uint8Array
  /** Its position in the file. */
  at: number
}

async function readTag(path: string): Promise<Tag> {
  const file = await open(path)
  try {
    const at = (await file.stat()).size - TAG_LENGTH
    if (at < 0) throw damaged('An encrypted part of the bill is incomplete')
    const { buffer } = await file.read(Buffer.alloc(TAG_LENGTH), 0, TAG_LENGTH, at)
    return { bytes: buffer, at }
  } finally {
    await file.close()
  }
}

async function* decrypt(path: string, tag: Tag, secret: PartSecret): AsyncGenerator<Uint8Array, void, undefined> {
  const decipher = await createDecipher(secret)
  decipher.setAuthTag(tag.bytes)
  const ciphertext =
    tag.at === 0 ? Readable.from([]) : createReadStream(path, { end: tag.at - 1, highWaterMark: PIECE })
  for await (const piece of ciphertext) yield decipher.update(piece)
  try {
    decipher.final()
  } catch (cause) {
    throw damaged('An encrypted part of the bill cannot be decrypted with its key', cause)
  }
}

async function createDecipher({ key, nonce }: PartSecret) {
  if (key.length === AES_KEY_LENGTH) {
    return createDecipheriv('aes-256-gcm', key, Buffer.from(nonce), { authTagLength: TAG_LENGTH })
  }
  const { Sm4Gcm } = await import('../crypto/sm.js')
  return Sm4Gcm.createSm4GcmDecipher(key, nonce)
}
