/** Who calls WeChat Pay, a merchant or a brand, and how the messages between the two are signed. */
import type { KeyKind } from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'
import { BRAND_SCHEME, SCHEME, SM2_SCHEME } from '../formatter.js'
import { kindOf } from '../util/wording.js'

export interface Caller {
  /** The option that names it, which is also the parameter of the Authorization header. */
  readonly option: 'mchid' | 'brand_id'
  readonly id: string
}

/** The caller as hooks show it. */
export type CallerId = { mchid: string } | { brand_id: string }

export function callerId({ option, id }: Caller): CallerId {
  return option === 'mchid' ? { mchid: id } : { brand_id: id }
}

/** How the messages of a caller with a key of that kind are signed. */
export function schemeOf({ option }: Pick<Caller, 'option'>, kind: KeyKind = 'RSA'): string {
  if (option === 'brand_id') return BRAND_SCHEME
  return kind === 'SM2' ? SM2_SCHEME : SCHEME
}

/** @throws InvalidArgumentError unless exactly one of the two is given, with the digits of a number. */
export function readCaller({ mchid, brand_id }: { mchid?: unknown; brand_id?: unknown }): Caller {
  if (brand_id === undefined)
    return { option: 'mchid', id: readDigits(mchid, 'mchid', 'the merchant number', '1900000109') }
  if (mchid !== undefined) {
    throw new InvalidArgumentError(
      '`mchid` and `brand_id` must not be given together. A brand and a merchant have keys of their own: create a client for each.',
    )
  }
  return { option: 'brand_id', id: readDigits(brand_id, 'brand_id', "the brand's number (品牌ID)", '10001') }
}

function readDigits(value: unknown, option: string, meaning: string, example: string): string {
  const digits = typeof value === 'number' ? String(value) : value
  if (typeof digits === 'string' && /^\d{1,32}$/.test(digits)) return digits
  const found = typeof digits === 'string' ? 'a string with other characters' : kindOf(value)
  throw new InvalidArgumentError(
    `\`${option}\` must be ${meaning}, a string of digits such as '${example}'; got ${found}.`,
  )
}
