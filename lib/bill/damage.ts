/** The errors of a bill that has arrived: wrong content, or a wrong format. */
import { WechatPayError } from '../errors.js'

/** `ERR_BILL_CONTENT`: the content is not the announced one. */
export function damaged(fault: string, cause?: unknown): WechatPayError {
  return new WechatPayError(`${fault}. Do not rely on anything that was read of the bill; download it again.`, {
    code: 'ERR_BILL_CONTENT',
    cause,
  })
}

/** `ERR_BILL_FORMAT`: the layout is not that of a bill. Shows no content, which is personal data. */
export function malformed(line: number, fault: string): WechatPayError {
  return new WechatPayError(
    `Line ${line} of the bill ${fault}, so its rows cannot be read. Use \`save\` to get the file as it is.`,
    { code: 'ERR_BILL_FORMAT' },
  )
}
