/** Whether a download that has no digest can be known to be complete. */
import { Readable } from 'node:stream'
import { WechatPayError } from '../errors.js'

interface Download {
  readonly headers: Headers
  readonly body: Uint8Array | Readable
}

/**
 * Refuses content that ends where the connection does: a file that was cut looks complete. Content that was read whole
 * to be verified, and a statement, whose digest is signed, pass.
 *
 * @throws WechatPayError `ERR_DOWNLOAD_INCOMPLETE`; the connection is given up.
 */
export function requireEnd({ headers, body }: Download): void {
  const hasEnd = headers.has('content-length') || headers.get('transfer-encoding')?.includes('chunked')
  if (!(body instanceof Readable) || hasEnd || headers.has('wechatpay-statement-sha1')) return
  body.destroy()
  throw new WechatPayError(
    'The response does not say how long the file is (it has neither Content-Length nor chunks), so a file that was cut would look complete. Call again, or read `body` as a stream.',
    { code: 'ERR_DOWNLOAD_INCOMPLETE' },
  )
}
