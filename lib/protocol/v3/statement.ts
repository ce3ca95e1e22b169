/** Overseas statements: CSV files whose signature covers their SHA-1 instead of their bytes. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { SignatureError } from '../../errors.js'
import { headerLine, requestIdOf } from '../../response.js'
import type { IncomingResponse } from '../../transport/send.js'

/** The digest that WeChat Pay signed in place of the statement; undefined if the response has none. */
export function signedDigest({ headers }: IncomingResponse): Buffer | undefined {
  const sha1 = headerLine(headers, 'wechatpay-statement-sha1')
  return sha1 === '' ? undefined : Buffer.from(JSON.stringify({ sha1 }))
}

/** The statement; it fails at its end with a SignatureError if it does not have the signed digest. */
export function verifiedStatement({ headers }: IncomingResponse, body: Readable): Readable {
  const expected = headerLine(headers, 'wechatpay-statement-sha1').toLowerCase()
  async function* verified() {
    const hash = createHash('sha1')
    for await (const chunk of body) {
      hash.update(chunk)
      yield chunk
    }
    if (hash.digest('hex') === expected) return
    throw new SignatureError('The statement is not the one that WeChat Pay signed. Discard the part that was read.', {
      reason: 'mismatch',
      requestId: requestIdOf(headers),
    })
  }
  // A generator that has not started is ended without its `for await`, which would leave the connection open.
  return Readable.from(verified(), { objectMode: false }).once('close', () => body.destroy())
}
