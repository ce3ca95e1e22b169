/** A request, as far as it matters to the handler, whatever server it came through. */
import type { Acknowledgement } from './acknowledgement.js'
import type { NotificationHeaders } from './message.js'

export interface Incoming {
  headers: NotificationHeaders
  /**
   * The bytes of the body.
   *
   * @throws WechatPayError (as a rejection) for more than `limit` bytes; InvalidArgumentError for a body that somebody
   *   else has read.
   */
  read(limit: number): Promise<Uint8Array>
}

export type Respond = (incoming: Incoming) => Promise<Acknowledgement>
