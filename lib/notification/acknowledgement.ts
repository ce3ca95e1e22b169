/** What WeChat Pay is told of a notification: that it was received, or that it has to come again. */
import { SignatureError, WechatPayError } from '../errors.js'
import { toXml } from '../xml/build.js'

export interface Acknowledgement {
  status: number
  headers: Readonly<Record<string, string>>
  /** Undefined where there is none. */
  body: string | undefined
}

const XML = { 'content-type': 'text/xml; charset=utf-8' }
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }
const RECEIVED = '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>'

/** APIv3 wants no body; APIv2 wants its XML. */
export function received(isXml: boolean): Acknowledgement {
  return isXml ? { status: 200, headers: XML, body: RECEIVED } : { status: 204, headers: {}, body: undefined }
}

/** `message` is read by WeChat Pay's support and by whoever else sends a request: it holds no secret. */
export function refused(status: number, message: string, isXml: boolean): Acknowledgement {
  return isXml
    ? { status, headers: XML, body: toXml({ return_code: 'FAIL', return_msg: message }) }
    : { status, headers: JSON_TYPE, body: JSON.stringify({ code: 'FAIL', message }) }
}

/** The notification is longer than the `limit`. */
export function tooLarge(limit: number): WechatPayError {
  return new WechatPayError(`The notification has more than the ${limit} bytes of \`limit\`.`, {
    code: 'ERR_NOTIFICATION_TOO_LARGE',
  })
}

/** The sender went away before the notification was whole. */
export function incomplete(cause?: unknown): WechatPayError {
  return new WechatPayError('The notification broke off before its end.', {
    code: 'ERR_NOTIFICATION_INCOMPLETE',
    cause,
  })
}

/** The status that tells why a notification was not accepted: the sender's fault, or this side's. */
export function statusOf(error: unknown): number {
  if (error instanceof SignatureError) return 401
  if (!(error instanceof WechatPayError)) return 500
  if (error.code === 'ERR_NOTIFICATION_TOO_LARGE') return 413
  return error.code === 'ERR_NOTIFICATION_FORMAT' || error.code === 'ERR_NOTIFICATION_INCOMPLETE' ? 400 : 500
}
