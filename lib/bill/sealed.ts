/** An encrypted part of a bill: nothing of it is handed out before its seal is found intact. */
import { Buffer } from 'node:buffer'
import { createDecipheriv } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { WechatPayError } from '../errors.js'
import { writeSink } from '../files/sink.js'
import { makeTemporaryFolder } from '../files/temporary-folder.js'
import { damaged } from './damage.js'

/** AEAD_AES_256_GCM. */
export interface Seal {
  /** 32 bytes. */
  key: Uint8Array
  nonce: string
}

const TAG_LENGTH = 16
const KEY_LENGTH = 32
const PIECE = 256 * 1024

/**
 * Decrypts in two passes over what arrived, which is kept in a temporary file meanwhile, encrypted: the first finds out
 * whether the tag at its end is right, the second hands out.
 *
 * @throws WechatPayError `ERR_BILL_CONTENT` (as a rejection) when it was changed or cut, or the key is another.
 */
export async function* unseal(
  source: AsyncIterable<Uint8Array>,
  seal: Seal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, remove } = await makeTemporaryFolder()
  try {
    const file = join(path, 'sealed')
    await writeSink(source, file)
    const tag = await readTag(file)
    for await (const _piece of decrypt(file, tag, seal));
    yield* decrypt(file, tag, seal)
  } finally {
    await remove()
  }
}

/** @throws WechatPayError `ERR_BILL_KEY` for a text that is no key of AES-256. */
export function sealKey(text: string): Uint8Array {
  const key = Buffer.from(text)
  if (key.length === KEY_LENGTH) return key
  throw new WechatPayError(
    `The key of the bill opened to ${key.length} bytes, expected ${KEY_LENGTH}: check that \`privateKey\` belongs to \`serial\`.`,
    { code: 'ERR_BILL_KEY' },
  )
}

interface Tag {
  bytes: Uint8Array
  /** Where it begins in the file. */
  at: number
}

async function readTag(path: string): Promise<Tag> {
  const file = await open(path)
  try {
    const at = (await file.stat()).size - TAG_LENGTH
    if (at < 0) throw damaged('An encrypted part of the bill breaks off')
    const { buffer } = await file.read(Buffer.alloc(TAG_LENGTH), 0, TAG_LENGTH, at)
    return { bytes: buffer, at }
  } finally {
    await file.close()
  }
}

async function* decrypt(path: string, tag: Tag, { key, nonce }: Seal): AsyncGenerator<Uint8Array, void, undefined> {
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce), { authTagLength: TAG_LENGTH })
  decipher.setAuthTag(tag.bytes)
  const ciphertext =
    tag.at === 0 ? Readable.from([]) : createReadStream(path, { end: tag.at - 1, highWaterMark: PIECE })
  for await (const piece of ciphertext) yield decipher.update(piece)
  try {
    decipher.final()
  } catch (cause) {
    throw damaged('An encrypted part of the bill does not open with its key', cause)
  }
}
