/** Overseas statements: CSV, whose signature covers its SHA-1 in place of its bytes. */
import { createHash } from 'node:crypto'
import type { IncomingAnswer } from '../transport/send.js'
import { headerLine } from './headers.js'

const PATHS = new Set(['/v3/statements', '/hk/v3/statements', '/v3/global/statements', '/global/v3/statements'])

/**
 * The text that WeChat Pay signed for a statement; undefined for any other answer, and for a statement that does not
 * match the digest which came with it: that one then fails verification by its own bytes.
 */
export function statementDigest(target: string, headers: IncomingAnswer['headers'], body: Buffer): Buffer | undefined {
  const sha1 = headerLine(headers, 'wechatpay-statement-sha1')
  const [pathname = ''] = sha1 === '' ? [] : target.split('?', 1)
  const isIntact = PATHS.has(pathname) && createHash('sha1').update(body).digest('hex') === sha1.toLowerCase()
  return isIntact ? Buffer.from(JSON.stringify({ sha1 })) : undefined
}
