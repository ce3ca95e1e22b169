/** The body of a request, encoded once, so that exactly the signed bytes are sent. */
import { Readable } from 'node:stream'
import { InvalidArgumentError } from '../errors.js'
import type { Body } from '../transport/send.js'
import { collect } from '../util/collect.js'
import { inexactNumber } from '../util/exact-number.js'
import { isPlainObject } from '../util/plain-object.js'
import { kindOf, quote } from '../util/wording.js'
import type { Call } from './call.js'
import type { EndpointFacts } from './endpoints.js'
import { encodeForm, formParts } from './multipart.js'

export interface Payload {
  /** The bytes to send; undefined for no body. */
  readonly body: Body | undefined
  /** The bytes to sign. */
  readonly signed: Buffer
  readonly contentType: string | undefined
}

export const NO_PAYLOAD: Payload = { body: undefined, signed: Buffer.alloc(0), contentType: undefined }

/** @throws InvalidArgumentError for a call without a payload to an endpoint that has one. */
export function requirePayload(
  { method, template }: Pick<Call, 'method' | 'template'>,
  { payload }: EndpointFacts,
): void {
  if (payload === undefined || method === 'GET') return
  const example = payload === 'file' ? '' : ` Pass \`${payload}: {}\` for an empty one.`
  throw new InvalidArgumentError(
    `\`${payload}\` must be the payload of ${method} ${quote(`/${template}`)}; got none.${example}`,
  )
}

/** @throws InvalidArgumentError that names the field which JSON cannot carry exactly. */
export function jsonPayload(value: unknown, option = 'json'): Payload {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidArgumentError(
      `\`${option}\` must be an object; got ${kindOf(value)}. Pass a string of JSON as \`body\`.`,
    )
  }
  const body = Buffer.from(stringify(value, option))
  return { body, signed: body, contentType: 'application/json' }
}

/** @throws InvalidArgumentError for a body of the wrong type. */
export async function rawPayload(value: unknown): Promise<Payload> {
  if (value instanceof FormData) return formPayload(value)
  const body = await readBytes(value)
  return { body, signed: body, contentType: 'application/json' }
}

// The signature of an upload covers only its `meta` part, which comes first.
async function formPayload(form: FormData): Promise<Payload> {
  const meta = form.get('meta')
  if (meta === null)
    throw new InvalidArgumentError('A `FormData` body must have a `meta` part, which is what the signature covers.')
  const signed = Buffer.from(typeof meta === 'string' ? meta : await meta.text())
  const files = formParts(form).filter(({ name }) => name !== 'meta')
  return {
    ...encodeForm([{ name: 'meta', content: signed.toString(), contentType: 'application/json' }, ...files]),
    signed,
  }
}

async function readBytes(value: unknown): Promise<Buffer> {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (value instanceof Readable) return collect(value)
  throw new InvalidArgumentError(`\`body\` must be a string, bytes, a stream or FormData; got ${kindOf(value)}.`)
}

// Asking for every value with a replacer costs ten times as much, and is needed only if something may be wrong.
function stringify(value: object, option: string): string {
  return isExact(value, 0) ? JSON.stringify(value) : stringifyWithCare(value, option)
}

const DEEPEST_LOOK = 32

/** Whether a value is surely the same after JSON.stringify and JSON.parse, except for members that are undefined. */
function isExact(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'number':
      return Number.isSafeInteger(value) || inexactNumber(value) === undefined
    case 'boolean':
      return true
    case 'object':
      return value !== null && depth < DEEPEST_LOOK && hasExactMembers(value, depth + 1)
    default:
      return false
  }
}

function hasExactMembers(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    // A hole is undefined here.
    for (const item of value) if (!isExact(item, depth)) return false
    return true
  }
  if (!isPlainObject(value) || 'toJSON' in value) return false
  for (const name of Object.keys(value)) {
    const member = value[name]
    if (member !== undefined && !(isExact(member, depth) && name.isWellFormed())) return false
  }
  return true
}

function stringifyWithCare(value: object, option: string): string {
  try {
    return JSON.stringify(value, refuseLossyValue)
  } catch (cause) {
    if (cause instanceof LossyValue) {
      throw new InvalidArgumentError(`\`${option}${findField(value, cause)}\` ${cause.message}`)
    }
    throw new InvalidArgumentError(
      `\`${option}\` must be an object that JSON can carry; it is circular, too deep, or its toJSON fails.`,
      { cause },
    )
  }
}

class LossyValue extends Error {
  readonly holder: unknown
  readonly key: string
  constructor(message: string, holder: unknown, key: string) {
    super(message)
    this.holder = holder
    this.key = key
  }
}

/** `value` is what is written, `given` what the caller gave: a toJSON may be between them. */
function refuseLossyValue(this: unknown, key: string, value: unknown): unknown {
  const given: unknown = Reflect.get(Object(this), key)
  const fault = faultOfObject(given) ?? faultOfObject(value) ?? faultOf(value) ?? faultOf(key)
  if (fault !== undefined) throw new LossyValue(`must ${fault}`, this, key)
  if (value === undefined && (given !== undefined || Array.isArray(this)))
    throw new LossyValue('must have a value; got undefined. Leave it out.', this, key)
  return value
}

const HALF_CHARACTER = 'be valid Unicode; got half a surrogate pair. Check where the string was cut.'

function faultOf(value: unknown): string | undefined {
  if (value === null) return 'have a value; got null, which WeChat Pay does not accept. Leave the field out.'
  if (typeof value === 'string') return value.isWellFormed() ? undefined : HALF_CHARACTER
  if (typeof value === 'number' || value instanceof Number) {
    const fault = inexactNumber(Number(value))
    return fault && `be a number that JSON can carry exactly; got ${fault}. Round it, or pass it as a string.`
  }
  if (typeof value === 'bigint') return 'be a number or a string; got a bigint. Convert it.'
  if (typeof value === 'function' || typeof value === 'symbol')
    return `be a value; got ${kindOf(value)}, which JSON leaves out. Pass the value itself.`
  return undefined
}

const PRIMITIVE_TAGS = new Set(['String', 'Number', 'Boolean'])

// JSON has no form for these: it writes a Map as {}, a Buffer as its bytes in decimal, and a Date in a format that WeChat Pay
// does not document.
function faultOfObject(given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || isPlainObject(given)) return undefined
  const tag = Object.prototype.toString.call(given).slice('[object '.length, -1)
  if (tag === 'Date')
    return 'be a string such as 2018-06-08T10:34:56+08:00; got a Date. Format it as the endpoint documents it.'
  if (PRIMITIVE_TAGS.has(tag)) return undefined
  const hasForm = tag === 'Object' && Object.keys(given).length > 0
  const convertsItself = 'toJSON' in given && !ArrayBuffer.isView(given)
  return hasForm || convertsItself ? undefined : `be plain data; got ${kindOf(given)}. Convert it, or await it.`
}

// The replacer knows an object and a key but not their path, which is searched for only in case of an error.
function findField(value: object, cause: LossyValue): string {
  if (cause.key === '' && Reflect.get(Object(cause.holder), '') === value) return ''
  const pending: [node: unknown, path: string][] = [[value, '']]
  const seen = new Set<unknown>()
  for (const [node, path] of pending) {
    if (typeof node !== 'object' || node === null || seen.has(node)) continue
    const step = (key: string) => (Array.isArray(node) ? `${path}[${key}]` : `${path}.${key}`)
    if (node === cause.holder) return step(cause.key)
    seen.add(node)
    for (const [key, child] of Object.entries(node)) pending.push([child, step(key)])
  }
  return `.….${cause.key}`
}
