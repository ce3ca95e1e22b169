/** Finds out what a caller of APIv2 has signed instead of its fields, by trying the usual mistakes. */
import { ALGO_HMAC_SHA256, ALGO_MD5, hmac, md5, type SignType } from '../../../crypto/hash.js'
import { ksort, queryStringLike } from '../../../formatter.js'
import type { Merchant } from '../../keys/merchant.js'
import { type Diagnosis, diagnose, type MistakeCode } from '../diagnosis.js'

type Values = Readonly<Record<string, string>>

/** Stands for the key in the strings of a diagnosis. */
const KEY = '<APIv2 key>'

/** `type` is the `sign_type` of the request; undefined for an unknown one. */
export function diagnoseFields(fields: Values, type: SignType | undefined, merchant: Merchant): Diagnosis {
  const { sign: given = '', ...signed } = fields
  const right = queryStringLike(ksort(signed))
  const expected = `${right}&key=${KEY}`
  const { secret, apiv3Key } = merchant
  const types: readonly SignType[] =
    type === undefined ? [ALGO_MD5, ALGO_HMAC_SHA256] : [type, type === ALGO_MD5 ? ALGO_HMAC_SHA256 : ALGO_MD5]
  const tries: readonly (readonly [MistakeCode, data: string, key?: string])[] = [
    ['v2-key', right, apiv3Key],
    ['v2-fields', queryStringLike(signed)],
    ['v2-fields', joined(signed)],
    ['v2-fields', encoded(signed)],
    ...Object.keys(signed).map(name => ['v2-fields', queryStringLike(ksort({ ...signed, [name]: '' }))] as const),
  ]
  for (const [index, name] of types.entries()) {
    const other: readonly MistakeCode[] = index === 0 && type !== undefined ? [] : ['v2-sign-type']
    const fits = (data: string, key: string) => signOf(name, data, key) === given.toUpperCase()
    if (fits(right, secret)) return diagnose(other.length > 0 ? other : ['v2-sign-case'], { expected })
    for (const [code, data, key = secret] of tries) {
      if (fits(data, key)) return diagnose([...other, code], { expected, signed: `${data}&key=${KEY}` })
    }
  }
  return diagnose(['v2-unknown'], { expected })
}

function signOf(type: SignType, data: string, key: string): string {
  return (type === ALGO_MD5 ? md5(data, key) : hmac(data, key)).toUpperCase()
}

/** The string to sign, including empty fields. */
function joined(fields: Values): string {
  return Object.entries(ksort(fields))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function encoded(fields: Values): string {
  return Object.entries(ksort(fields))
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
}
