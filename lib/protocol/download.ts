/** Downloads that are not what was requested. */
import { Readable } from 'node:stream'
import { WechatPayError } from '../errors.js'
import type { IncomingResponse } from '../transport/send.js'

/**
 * Refuses a download of which the response has only a part, or nothing: nobody signs it, so its status is all that tells.
 *
 * @throws WechatPayError `ERR_DOWNLOAD_INCOMPLETE`; the connection is given up.
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
