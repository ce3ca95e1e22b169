/** The sensitive fields of a call: encrypted before it is signed, with the very key whose serial it announces. */
import type { KeyObject } from 'node:crypto'
import type { Settings } from '../config/settings.js'
import { kindOfKey } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import { InvalidArgumentError } from '../errors.js'
import type { OpenOptions } from '../options.js'
import { loadSm2Cipher } from '../trust/decrypt-field.js'
import { decryptFields, encryptFields, hasPlainFields } from '../trust/encrypt-fields.js'
import type { Verifier } from '../trust/verifier.js'
import { bare } from '../util/plain-object.js'
import { quote } from '../util/wording.js'
import type { Call } from './call.js'
import { type EndpointFacts, nearMiss } from './endpoints.js'
import { withQuery } from './query.js'

/** The paddings, by the names that the catalogue and callers give them. */
export const PADDING = { oaep: Rsa.OAEP, pkcs1: Rsa.PKCS1 } as const

/** What a call sends, with nothing sensitive left to encrypt. */
export interface Encrypted {
  /** The path and query. */
  readonly target: string
  readonly options: OpenOptions
  /** The serial to announce as `Wechatpay-Serial`. */
  readonly serial: string | undefined
}

/** A copy of a value with its named fields encrypted. `option` is where it is, in errors. */
export type Encrypt = (value: unknown, fields: readonly string[], option: string) => unknown

/**
 * Encrypts the fields that the catalogue marks and every `sensitive()` value; the caller's objects are not changed. A
 * `Wechatpay-Serial` header of the user's chooses the key.
 *
 * @throws InvalidArgumentError (as a rejection) that names the field which cannot be encrypted.
 */
export async function encryptCall(call: Call, settings: Settings, verifier: Verifier): Promise<Encrypted> {
  const { path, options, headers, facts, deadline } = call
  const { encrypted, encryptedQuery, decrypted, padding } = sensitiveFacts(facts, options, settings)
  refuseNearMiss(call, facts, settings)
  // What the response will need is missed before anything is sent.
  if (decrypted.length > 0 && isSm2(settings.privateKey)) await deadline.wait(loadSm2Cipher())
  const givenSerial = headers['wechatpay-serial']
  const isPlain =
    encryptedQuery.length === 0 &&
    !hasPlainFields(options.json, encrypted, 'json') &&
    !hasPlainFields(options.meta, encrypted, 'meta') &&
    !hasPlainFields(options.query, [], 'query')
  if (isPlain) {
    const announced = givenSerial ?? deadline.wait(verifier.announcedSerial())
    const serial = announced instanceof Promise ? await announced : announced
    return { target: withQuery(path, options.query), options, serial }
  }
  const found = await deadline.wait(verifier.encryptionKey?.(givenSerial))
  const sm2 = isSm2(found?.key) ? await deadline.wait(loadSm2Cipher()) : undefined
  if (sm2 && typeof options.encrypt === 'string') {
    throw new InvalidArgumentError(
      `\`encrypt\` must be true or false for a key of SM2, which has no padding; got ${JSON.stringify(options.encrypt)}. Leave it out.`,
    )
  }
  const encrypt: Encrypt = (value, fields, option) =>
    encryptFields(value, fields, found?.key, { padding: PADDING[padding], sm2, option })
  return {
    target: encryptQuery(withQuery(path, encrypt(options.query, [], 'query')), encryptedQuery, encrypt),
    options: encryptPayload(options, encrypted, encrypt),
    serial: givenSerial ?? found?.serial ?? (await deadline.wait(verifier.announcedSerial())),
  }
}

function isSm2(key: KeyObject | undefined): boolean {
  return key !== undefined && kindOfKey(key) === 'SM2'
}

function encryptPayload(options: OpenOptions, fields: readonly string[], encrypt: Encrypt): OpenOptions {
  const { json, meta } = options
  return bare({
    ...options,
    ...(json !== undefined && { json: encrypt(json, fields, 'json') }),
    ...(meta !== undefined && { meta: Object(encrypt(meta, fields, 'meta')) }),
  })
}

/** The data of a response; a promise if some of its fields have to be decrypted. */
export function decryptData(
  data: unknown,
  { facts, options }: Pick<Call, 'facts' | 'options'>,
  settings: Settings,
): unknown {
  const { signer } = settings
  const { decrypted } = sensitiveFacts(facts, options, settings)
  if (decrypted.length === 0 || !signer.decrypt) return data
  return decryptFields(data, decrypted, signer.decrypt.bind(signer))
}

const OFF = { encrypted: [], encryptedQuery: [], decrypted: [] }

/**
 * The facts as the call's `encrypt` changes them: without sensitive fields, or with a different padding.
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

/**
 * Refuses a payload whose fields would be encrypted if its path were written as it is documented: they would be sent in plain
 * text.
 *
 * @throws InvalidArgumentError that names the documented path.
 */
export function refuseNearMiss(call: Call, { documented }: EndpointFacts, settings: Settings): void {
  const { method, template, path, options } = call
  const { encrypt = settings.encrypt, json, xml, meta, query } = options
  if (documented || encrypt === false) return
  const hasQuery = query !== undefined || path.includes('?')
  if (!hasQuery && json === undefined && xml === undefined && meta === undefined) return
  const near = nearMiss(method, path)
  if (!near) return
  const { encrypted, encryptedQuery } = near.facts
  const isPlain =
    Object.entries({ json, xml, meta }).some(([option, payload]) => hasPlainFields(payload, encrypted, option)) ||
    namesOf(query, path).some(name => encryptedQuery.includes(name))
  if (!isPlain) return
  throw new InvalidArgumentError(
    `The path ${quote(template)} must be ${quote(near.path)} as it is documented, since its payload has fields to encrypt. Write it so, or set \`encrypt: false\` to send them as they are.`,
  )
}

function namesOf(query: unknown, path: string): string[] {
  const target = withQuery(path, query)
  return target
    .slice(target.indexOf('?') + 1)
    .split('&')
    .map(pair => decode(pair.split('=', 1)[0] ?? ''))
}

/** The query is encrypted in its final form, since it may be written in the path or given in any form. */
export function encryptQuery(target: string, names: readonly string[], encrypt: Encrypt): string {
  const at = target.indexOf('?')
  if (at < 0 || names.length === 0) return target
  const pairs = target
    .slice(at + 1)
    .split('&')
    .map(pair => {
      const [name = '', value = ''] = pair.split(/=(.*)/s).map(decode)
      if (!names.includes(name)) return pair
      return `${name}=${encodeURIComponent(String(encrypt(value, [''], `query.${name}`)))}`
    })
  return `${target.slice(0, at)}?${pairs.join('&')}`
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}
