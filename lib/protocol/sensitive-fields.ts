/** What is sensitive in a call: encrypted before it is signed, with the very key whose serial is announced. */

import type { Settings } from '../config/settings.js'
import * as Rsa from '../crypto/rsa.js'
import { InvalidArgumentError } from '../errors.js'
import type { OpenOptions } from '../options.js'
import { withHeaders } from '../transport/headers.js'
import { decryptFields, encryptFields, hasPlainFields } from '../trust/encrypt-fields.js'
import type { Verifier } from '../trust/verifier.js'
import type { Call, FilledCall } from './call.js'
import type { EndpointFacts } from './endpoints.js'
import { withQuery } from './query.js'
import { within } from './within.js'

/** The paddings, by the names that the catalogue and callers give them. */
export const PADDING = { oaep: Rsa.OAEP, pkcs1: Rsa.PKCS1 } as const

export interface SealContext {
  settings: Settings
  /** Who vouches for WeChat Pay in this call. */
  verifier: Verifier
  /** Milliseconds that the key may be waited for. */
  timeout: number
}

type Encrypt = (value: unknown, fields: readonly string[], option: string) => unknown

/**
 * Encrypts what the catalogue marks and what is wrapped in `sensitive()`; the caller's objects are not touched. A
 * `Wechatpay-Serial` that the user sets says which key it is for.
 *
 * @throws InvalidArgumentError (as a rejection) that names the field which cannot be encrypted.
 */
export async function sealCall(filled: FilledCall, { settings, verifier, timeout }: SealContext): Promise<Call> {
  const { method, template, path, options, facts } = filled
  const limits = { timeout, signal: options.signal }
  const { encrypted, encryptedQuery, padding } = sensitiveFacts(facts, options, settings)
  const headers = withHeaders(settings.headers, options.headers)
  const givenSerial = headers['wechatpay-serial']
  const isPlain =
    encryptedQuery.length === 0 &&
    !hasPlainFields(options.json, encrypted) &&
    !hasPlainFields(options.meta, encrypted) &&
    !hasPlainFields(options.query, [])
  if (isPlain) {
    const announced = givenSerial ?? within(verifier.announcedSerial(), limits)
    const serial = typeof announced === 'string' ? announced : await announced
    return { method, template, target: withQuery(path, options.query), options, facts, headers, serial }
  }
  const found = await within(verifier.encryptionKey?.(givenSerial), limits)
  const encrypt: Encrypt = (value, fields, option) =>
    encryptFields(value, fields, found?.key, { padding: PADDING[padding], option })
  return {
    method,
    template,
    target: sealQuery(withQuery(path, encrypt(options.query, [], 'query')), encryptedQuery, encrypt),
    options: sealPayload(options, encrypted, encrypt),
    facts,
    headers,
    serial: givenSerial ?? found?.serial ?? (await within(verifier.announcedSerial(), limits)),
  }
}

function sealPayload(options: OpenOptions, fields: readonly string[], encrypt: Encrypt): OpenOptions {
  const { json, meta } = options
  return {
    ...options,
    ...(json !== undefined && { json: encrypt(json, fields, 'json') }),
    ...(meta !== undefined && { meta: Object(encrypt(meta, fields, 'meta')) }),
  }
}

/** The data of an answer; a promise of it where fields have to be decrypted that are encrypted for the merchant. */
export function openData(data: unknown, call: Call, settings: Settings): unknown {
  const { signer } = settings
  const { decrypted } = sensitiveFacts(call.facts, call.options, settings)
  if (decrypted.length === 0 || !signer.decrypt) return data
  return decryptFields(data, decrypted, signer.decrypt.bind(signer))
}

const OFF = { encrypted: [], encryptedQuery: [], decrypted: [] }

/**
 * The facts as the call's `encrypt` wants them: without sensitive fields, or with a different padding.
 *
 * @throws InvalidArgumentError for any other value.
 */
export function sensitiveFacts<Facts extends EndpointFacts>(
  facts: Facts,
  options: OpenOptions,
  settings: Settings,
): Facts {
  const { encrypt = settings.encrypt } = options
  if (encrypt === true) return facts
  if (encrypt === false) return { ...facts, ...OFF }
  if (encrypt === 'oaep' || encrypt === 'pkcs1') return { ...facts, padding: encrypt }
  throw new InvalidArgumentError(
    `\`encrypt\` must be true, false, 'oaep' or 'pkcs1'; got ${JSON.stringify(encrypt)}. It says whether sensitive fields are encrypted and decrypted, and with which padding.`,
  )
}

// The query is looked at once it is a text, since it may have been given in any form, and in the path itself.
function sealQuery(target: string, names: readonly string[], encrypt: Encrypt): string {
  const at = target.indexOf('?')
  if (at < 0 || names.length === 0) return target
  const pairs = target.slice(at + 1).split('&')
  const sealed = pairs.map(pair => {
    const [name = '', value = ''] = pair.split(/=(.*)/s).map(decode)
    return names.includes(name) ? `${name}=${encodeURIComponent(String(encrypt(value, [''], `query/${name}`)))}` : pair
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
