/** Overseas statements: CSV, whose signature covers its SHA-1 in place of its bytes. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { SignatureError } from '../../errors.js'
import { headerLine, requestIdOf } from '../../transport/headers.js'
import type { IncomingResponse } from '../../transport/send.js'

const PATHS = new Set(['/v3/statements', '/hk/v3/statements', '/v3/global/statements', '/global/v3/statements'])

/** Whether the path (with its query, without the base URI's prefix) is that of a statement. Its query does not count. */
export function isStatement(target: string): boolean {
  const [pathname = ''] = target.split('?', 1)
  return PATHS.has(pathname)
}

/** The text that WeChat Pay signed in place of the statement; undefined when the answer brings no digest. */
export function signedDigest({ headers }: IncomingResponse): Buffer | undefined {
  const sha1 = headerLine(headers, 'wechatpay-statement-sha1')
  return sha1 === '' ? undefined : Buffer.from(JSON.stringify({ sha1 }))
}

/** The statement, failing with a SignatureError at its end unless it has the digest that was signed. */
export function verifiedStatement({ headers }: IncomingResponse, body: Readable): Readable {
  const expected = headerLine(headers, 'wechatpay-statement-sha1').toLowerCase()
  async function* verified() {
    const hash = createHash('sha1')
    for await (const chunk of body) {
      hash.update(chunk)
      yield chunk
    }
    if (hash.digest('hex') === expected) return
    throw new SignatureError('The statement is not the one that WeChat Pay signed: discard what was read of it.', {
      reason: 'mismatch',
      requestId: requestIdOf(headers),
    })
  }
  // A generator that has not begun is ended without its `for await`, and would leave the connection open.
  return Readable.from(verified(), { objectMode: false }).once('close', () => body.destroy())
}
