/** Downloads that are not what was requested. */
import { Readable } from 'node:stream'
import { WechatPayError } from '../errors.js'
import type { IncomingResponse } from '../transport/send.js'

/**
 * Refuses a response with only a part of the file, or nothing of it. Downloads are not signed, so only the status shows it.
 *
 * @throws WechatPayError `ERR_DOWNLOAD_INCOMPLETE`; the connection is closed.
 */
export function refusePartial(
  { statusCode, body }: IncomingResponse,
  requested: Readonly<Record<string, string>>,
): void {
  if (!(body instanceof Readable) || statusCode === 200) return
  if (statusCode === 206 && 'range' in requested) return
  body.destroy()
  throw new WechatPayError(
    `The file was requested whole, but the response has the status ${statusCode}, so it holds a part or nothing of it. Call again.`,
    { code: 'ERR_DOWNLOAD_INCOMPLETE' },
  )
}
