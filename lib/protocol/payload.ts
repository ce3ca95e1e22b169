/** The body of a request, encoded once, so that exactly the signed bytes are sent. */
import { Readable } from 'node:stream'
import { InvalidArgumentError } from '../errors.js'
import type { Body } from '../transport/send.js'
import { collect } from '../util/collect.js'
import { kindOf } from '../util/wording.js'
import { encodeForm, formParts } from './multipart.js'

export interface Payload {
  /** The bytes to send; undefined for no body. */
  readonly body: Body | undefined
  /** The bytes to sign. */
  readonly signed: Buffer
  readonly contentType: string | undefined
}

export const NO_PAYLOAD: Payload = { body: undefined, signed: Buffer.alloc(0), contentType: undefined }

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

function stringify(value: object, option: string): string {
  try {
    const json = JSON.stringify(value)
    if (!MAY_BE_LOSSY.test(json)) return json
  } catch {
    // The careful way says why.
  }
  return stringifyWithCare(value, option)
}

// Checking every value costs ten times as much, and is needed only if the JSON may have lost something.
const MAY_BE_LOSSY = /null|[:[,]-?\d{16}|\de\+/

function stringifyWithCare(value: object, option: string): string {
  try {
    return JSON.stringify(value, refuseLossyValue)
  } catch (cause) {
    if (cause instanceof LossyValue) {
      throw new InvalidArgumentError(`\`${option}${findField(value, cause)}\` ${cause.message}`)
    }
    throw new InvalidArgumentError(
      `\`${option}\` must be an object that JSON can carry; it is circular, or its toJSON fails.`,
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

function refuseLossyValue(this: unknown, key: string, value: unknown): unknown {
  if (value === null)
    throw new LossyValue(
      'must have a value; got null, which WeChat Pay does not accept. Leave the field out.',
      this,
      key,
    )
  if (typeof value === 'bigint')
    throw new LossyValue('must be a number or a string; got a bigint. Convert it.', this, key)
  if (
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    (Number.isInteger(value) || !Number.isFinite(value))
  ) {
    throw new LossyValue(`must be a number that JSON can carry exactly; got ${value}. Pass it as a string.`, this, key)
  }
  return value
}

// The replacer knows an object and a key but not their path, which is searched for only in case of an error.
function findField(value: object, cause: LossyValue): string {
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
