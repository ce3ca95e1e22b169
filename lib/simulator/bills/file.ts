/** Files that wait to be downloaded: made while they are sent, so that they may be of any size. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { problem } from '../ledger/problem.js'

/** Makes the content, the same every time. */
export type Content = () => Iterable<Uint8Array>

export interface WaitingFile {
  content: Content
  isCompressed: boolean
  /** AES-256-GCM, the tag at the end. */
  seal?: { key: string; nonce: string }
  /** Milliseconds since 1970. */
  expires: number
}

const LIFETIME = 5 * 60 * 1000
const PIECE = 64 * 1024

/** What can be downloaded, by its token. */
export class Shelf {
  readonly #files = new Map<string, WaitingFile>()

  /** The token, percent-encoded as in the URL: it holds characters that are encoded, so that whoever decodes it fails. */
  add(file: Omit<WaitingFile, 'expires'>, now: number): string {
    for (const [token, { expires }] of this.#files) if (expires < now) this.#files.delete(token)
    const token = `${randomBytes(24).toString('base64url')}+/=`
    this.#files.set(token, { ...file, expires: now + LIFETIME })
    return encodeURIComponent(token)
  }

  /** @throws ApiError 400 `INVALID_REQUEST` for a token that is unknown or older than 5 minutes. */
  take(token: string | null, now: number): WaitingFile {
    const file = this.#files.get(token ?? '')
    if (file && file.expires >= now) return file
    throw problem(400, 'INVALID_REQUEST', '下载链接无效或已过期')
  }
}

/** The texts as bytes, in pieces that are worth sending. */
export function* toBytes(texts: Iterable<string>): Generator<Uint8Array, void, undefined> {
  let piece = ''
  for (const text of texts) {
    piece += text
    if (piece.length < PIECE) continue
    yield Buffer.from(piece)
    piece = ''
  }
  if (piece !== '') yield Buffer.from(piece)
}

/** Lower-case hex, of what is neither compressed nor sealed. */
export function sha1(content: Content): string {
  const hash = createHash('sha1')
  for (const piece of content()) hash.update(piece)
  return hash.digest('hex')
}

export function openFile({ content, isCompressed, seal }: WaitingFile): Readable {
  const plain = Readable.from(content(), { objectMode: false })
  const packed = isCompressed ? plain.pipe(createGzip({ level: 1 })) : plain
  return seal ? Readable.from(sealed(packed, seal), { objectMode: false }) : packed
}

async function* sealed(content: Readable, { key, nonce }: { key: string; nonce: string }) {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  for await (const piece of content) yield cipher.update(piece)
  yield Buffer.concat([cipher.final(), cipher.getAuthTag()])
}
