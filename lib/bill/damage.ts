/** What is wrong with a bill that has arrived: its content, or its form. */
import { WechatPayError } from '../errors.js'

/** `ERR_BILL_CONTENT`: not what WeChat Pay announced. */
export function damaged(what: string, cause?: unknown): WechatPayError {
  return new WechatPayError(`${what}: what was read of the bill is not to be relied on. Call again.`, {
    code: 'ERR_BILL_CONTENT',
    cause,
  })
}

/** `ERR_BILL_FORMAT`: not laid out as bills are. Tells no content, which is personal data. */
export function malformed(line: number, what: string): WechatPayError {
  return new WechatPayError(
    `Line ${line} of the bill ${what}, so its rows cannot be told apart. \`save\` gives the file as it is.`,
    { code: 'ERR_BILL_FORMAT' },
  )
}
