/** Links that an order's creation answers, and that the front end follows or draws. */
import { InvalidArgumentError } from '../errors.js'
import { checked } from './fields.js'

export interface H5Order {
  /** What the order's creation answered (APIv2: `mweb_url`); it lives for five minutes. */
  h5_url: string
  /** Where the payer goes afterwards: a page of the domain that is registered for H5 payments. */
  redirect_url?: string
}

/**
 * The address that a page outside WeChat goes to: `location.href = …`. Needs no key.
 *
 * @throws InvalidArgumentError for a link that is none.
 */
export function h5(order: H5Order): string {
  const { h5_url, redirect_url } = checked(order, ['h5_url'])
  if (!/^https:\/\/[^?]+\?/.test(h5_url)) {
    throw new InvalidArgumentError('`h5_url` must be the link that the order was answered with: https://…?prepay_id=….')
  }
  return redirect_url === undefined ? h5_url : `${h5_url}&redirect_url=${encodeURIComponent(redirect_url)}`
}

export interface NativeOrder {
  /** What the order's creation answered; it lives for two hours. */
  code_url: string
}

/**
 * The text to draw as a QR code, for the payer to scan. Needs no key.
 *
 * @throws InvalidArgumentError for a link that is none.
 */
export function native(order: NativeOrder): string {
  const { code_url } = checked(order, ['code_url'])
  if (code_url.startsWith('weixin://')) return code_url
  throw new InvalidArgumentError('`code_url` must be the link that the order was answered with: weixin://….')
}
