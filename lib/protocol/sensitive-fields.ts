/** What is sensitive in a call: encrypted before it is signed, with the very key whose serial is announced. */
import * as Rsa from '../crypto/rsa.js'
import { InvalidArgumentError } from '../errors.js'
import type { OpenOptions } from '../options.js'
import { decryptFields, encryptFields, hasPlainFields } from '../trust/encrypt-fields.js'
import type { Signer, Verifier } from '../trust/verifier.js'
import type { EndpointFacts } from './endpoints.js'
import { withQuery } from './query.js'

const PADDING = { oaep: Rsa.OAEP, pkcs1: Rsa.PKCS1 } as const

interface Context {
  facts: Pick<EndpointFacts, 'encrypted' | 'encryptedQuery' | 'padding'>
  verifier: Verifier
  /** The `Wechatpay-Serial` that the user sets; fields are then encrypted for that one. */
  givenSerial: string | undefined
}

export interface SealedCall {
  /** The path with its query. */
  target: string
  json: unknown
  /** What to announce. */
  serial: string | undefined
}

/**
 * Encrypts what the catalogue marks and what is wrapped in `sensitive()`; the caller's objects are not touched.
 * @throws InvalidArgumentError (as a rejection) that names the field which cannot be encrypted.
 */
export async function sealCall(path: string, { json, query }: OpenOptions, context: Context): Promise<SealedCall> {
  const { facts, verifier, givenSerial } = context
  const needsKey = hasPlainFields(json, facts.encrypted) || hasPlainFields(query, []) || facts.encryptedQuery.length > 0
  const found = needsKey ? await verifier.encryptionKey?.(givenSerial) : undefined
  const padding = PADDING[facts.padding]
  const encrypt = (value: unknown, fields: readonly string[], option: string) =>
    encryptFields(value, fields, found?.key, { padding, option })
  return {
    target: sealQuery(withQuery(path, encrypt(query, [], 'query')), facts.encryptedQuery, encrypt),
    json: encrypt(json, facts.encrypted, 'json'),
    serial: givenSerial ?? found?.serial ?? (await verifier.announcedSerial()),
  }
}

/** The data of an answer, with the fields decrypted that are encrypted for the merchant. */
export async function openData(data: unknown, { decrypted }: Pick<EndpointFacts, 'decrypted'>, signer: Signer): Promise<unknown> {
  if (decrypted.length === 0 || !signer.decrypt) return data
  return decryptFields(data, decrypted, ciphertext => signer.decrypt?.(ciphertext) ?? ciphertext)
}

/** What is left of the catalogue's marks when the user turns them off. */
export function sensitiveFacts(facts: EndpointFacts, encrypt: unknown, isOnByDefault: boolean): EndpointFacts {
  if (encrypt !== undefined && typeof encrypt !== 'boolean') {
    throw new InvalidArgumentError('`encrypt` must be true or false: whether sensitive fields are encrypted and decrypted.')
  }
  return (encrypt ?? isOnByDefault) ? facts : { ...facts, encrypted: [], encryptedQuery: [], decrypted: [] }
}

// The query is looked at once it is a text, since it may have been given in any form, and in the path itself.
function sealQuery(
  target: string,
  names: readonly string[],
  encrypt: (value: unknown, fields: readonly string[], option: string) => unknown,
): string {
  const at = target.indexOf('?')
  if (at < 0 || names.length === 0) return target
  const pairs = target.slice(at + 1).split('&')
  const sealed = pairs.map(pair => {
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (!names.includes(decode(name))) return pair
    return `${name}=${encodeURIComponent(String(encrypt(decode(value), [''], `query/${decode(name)}`)))}`
  })
  return `${target.slice(0, at)}?${sealed.join('&')}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
