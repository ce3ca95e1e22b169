/** Files that a merchant can download for five minutes, each with its own token. */
import { randomBytes } from 'node:crypto'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { problem } from './problem.js'

/** Generates the content of a file: the same bytes on every call. */
export type Content = () => Iterable<Uint8Array>

export interface Download {
  content: Content
  isCompressed: boolean
  /** AES-256-GCM with the tag at the end; a file without it is not encrypted. */
  encryption?: { key: string; nonce: string }
  expires: EpochMilliseconds
}

/** Milliseconds. */
const LIFETIME = 5 * 60 * 1000

export class Downloads {
  readonly #files = new Map<string, Download>()

  /**
   * Returns the token, percent-encoded for a URL. It contains characters that must be encoded, so that a client that
   * decodes it fails.
   */
  add(file: Omit<Download, 'expires'>, now: EpochMilliseconds): string {
    for (const [token, { expires }] of this.#files) if (expires < now) this.#files.delete(token)
    const token = `${randomBytes(24).toString('base64url')}+/=`
    this.#files.set(token, { ...file, expires: now + LIFETIME })
    return encodeURIComponent(token)
  }

  /** @throws ApiError 400 `INVALID_REQUEST` for an unknown or expired token. */
  find(token: string | null, now: EpochMilliseconds): Download {
    const file = this.#files.get(token ?? '')
    if (file && file.expires >= now) return file
    throw problem(400, 'INVALID_REQUEST', '下载链接无效或已过期')
  }
}
