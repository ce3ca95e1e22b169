/** The errors of a bill that has arrived: wrong content, or a wrong format. */
import { WechatPayError } from '../errors.js'

/** `ERR_BILL_CONTENT`: the content is not the announced one. */
export function damaged(fault: string, cause?: unknown): WechatPayError {
  return new WechatPayError(`${fault}. Do not rely on anything that was read of the bill; download it again.`, {
    code: 'ERR_BILL_CONTENT',
    cause,
  })
}

/** `ERR_BILL_FORMAT`: the summary counts a different number of rows, so that one of them was forged, merged or lost. */
export function miscounted(found: number, counted: string): WechatPayError {
  const expected = /^\d{1,15}$/.test(counted) ? counted : 'no number of them'
  return new WechatPayError(
    `The bill has ${found} rows, but its summary counts ${expected}. Do not rely on the rows that were read; use \`save\` to get the file as it is.`,
    { code: 'ERR_BILL_FORMAT' },
  )
}

/** `ERR_BILL_FORMAT`: the layout is not that of a bill. Shows no content, which is personal data. */
export function malformed(line: number, fault: string): WechatPayError {
  return new WechatPayError(
    `Line ${line} of the bill ${fault}, so its rows cannot be read. Use \`save\` to get the file as it is.`,
    { code: 'ERR_BILL_FORMAT' },
  )
}
