/** Links from the response that created an order, for the front end to follow or to draw. */
import { InvalidArgumentError } from '../errors.js'
import { checked } from './fields.js'

export interface H5Order {
  /** From the response that created the order (APIv2: `mweb_url`); valid for five minutes. */
  h5_url: string
  /** The page to return to, on the domain that is registered for H5 payments. */
  redirect_url?: string
}

/** The address for a page outside WeChat: `location.href = …`. Needs no key. */
export function h5(order: H5Order): string {
  const { h5_url, redirect_url } = checked(order, ['h5_url'])
  if (!/^https:\/\/[^?]+\?/.test(h5_url)) {
    throw new InvalidArgumentError(
      '`h5_url` must be the h5_url from the response that created the order, https://…?prepay_id=….',
    )
  }
  return redirect_url === undefined ? h5_url : `${h5_url}&redirect_url=${encodeURIComponent(redirect_url)}`
}

export interface NativeOrder {
  /** From the response that created the order; valid for two hours. */
  code_url: string
}

/** The content of the QR code that the payer scans. Needs no key. */
export function native(order: NativeOrder): string {
  const { code_url } = checked(order, ['code_url'])
  if (code_url.startsWith('weixin://')) return code_url
  throw new InvalidArgumentError(
    '`code_url` must be the code_url from the response that created the order, weixin://….',
  )
}
