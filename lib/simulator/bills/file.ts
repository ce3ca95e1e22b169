/** The content of a bill as bytes: its hash, and the file that is sent. */
import { createCipheriv, createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { Content, Download } from '../ledger/downloads.js'

/** Characters. */
const CHUNK_LENGTH = 64 * 1024

/** Encodes the lines as UTF-8, joined to chunks of a reasonable size. */
export function* toBytes(lines: Iterable<string>): Generator<Uint8Array, void, undefined> {
  let chunk = ''
  for (const line of lines) {
    chunk += line
    if (chunk.length < CHUNK_LENGTH) continue
    yield Buffer.from(chunk)
    chunk = ''
  }
  if (chunk !== '') yield Buffer.from(chunk)
}

/** SHA-1 in lower-case hex, before compression and encryption. */
export function sha1(content: Content): string {
  const hash = createHash('sha1')
  for (const chunk of content()) hash.update(chunk)
  return hash.digest('hex')
}

/** The file as it is sent: compressed, then encrypted. It is generated while it is read, so it may have any size. */
export function openFile({ content, isCompressed, encryption }: Download): Readable {
  const plain = Readable.from(content(), { objectMode: false })
  const compressed = isCompressed ? plain.pipe(createGzip({ level: 1 })) : plain
  return encryption ? Readable.from(encrypt(compressed, encryption), { objectMode: false }) : compressed
}

async function* encrypt(content: Readable, { key, nonce }: { key: string; nonce: string }) {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  for await (const chunk of content) yield cipher.update(chunk)
  yield Buffer.concat([cipher.final(), cipher.getAuthTag()])
}
