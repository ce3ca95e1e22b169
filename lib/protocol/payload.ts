/** The body of a request: made once, so that the bytes that are signed are the bytes that are sent. */
import { Readable } from 'node:stream'
import { InvalidArgumentError } from '../errors.js'
import type { Body } from '../transport/body.js'
import { collect } from '../util/collect.js'
import { encodeForm, formParts } from './multipart.js'

export interface Payload {
  /** What is sent; undefined sends no body. */
  readonly body: Body | undefined
  /** What is signed. */
  readonly signed: Buffer
  readonly contentType: string | undefined
}

export const NO_PAYLOAD: Payload = { body: undefined, signed: Buffer.alloc(0), contentType: undefined }

/** @throws InvalidArgumentError that names the field of the option which JSON cannot carry faithfully. */
export function jsonPayload(value: unknown, option = 'json'): Payload {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidArgumentError(
      `\`${option}\` must be an object, not ${describe(value)}; a text that is JSON already goes in as \`body\`.`,
    )
  }
  const body = Buffer.from(stringify(value, option))
  return { body, signed: body, contentType: 'application/json' }
}

/** @throws InvalidArgumentError for a kind of body that cannot be sent. */
export async function rawPayload(value: unknown): Promise<Payload> {
  if (value instanceof FormData) return formPayload(value)
  const body = await readBytes(value)
  return { body, signed: body, contentType: 'application/json' }
}

// WeChat Pay signs an upload by the text of its `meta` part alone, which comes first.
async function formPayload(form: FormData): Promise<Payload> {
  const meta = form.get('meta')
  if (meta === null)
    throw new InvalidArgumentError('A `FormData` body needs a `meta` part: its text is what is signed.')
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
  throw new InvalidArgumentError(`\`body\` must be a string, bytes, a stream or FormData, not ${describe(value)}.`)
}

function stringify(value: object, option: string): string {
  try {
    const text = JSON.stringify(value)
    if (!MAY_BE_LOSSY.test(text)) return text
  } catch {
    // Reading it with care tells why.
  }
  return stringifyWithCare(value, option)
}

// Looking at every value costs ten times the writing, and is needed only where the text may hold what was lost.
const MAY_BE_LOSSY = /null|[:[,]-?\d{16}|\de\+/

function stringifyWithCare(value: object, option: string): string {
  try {
    return JSON.stringify(value, refuseLossyValue)
  } catch (cause) {
    const field = findField(value, cause)
    if (cause instanceof LossyValue) throw new InvalidArgumentError(`\`${option}\`${field} ${cause.message}`)
    throw new InvalidArgumentError(
      `\`${option}\`${field} cannot be written as JSON: it is circular, or its toJSON fails.`,
      {
        cause,
      },
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
  if (value === null) throw new LossyValue('is null, which WeChat Pay does not accept; leave the field out.', this, key)
  if (typeof value === 'bigint') throw new LossyValue('is a bigint; give it as a number or as a string.', this, key)
  if (
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    (Number.isInteger(value) || !Number.isFinite(value))
  ) {
    throw new LossyValue('is a number that JSON cannot carry exactly; give it as a string.', this, key)
  }
  return value
}

// The replacer knows an object and a key, not the path to them; it is looked for only once something is wrong.
function findField(value: object, cause: unknown): string {
  if (!(cause instanceof LossyValue)) return ''
  const pending: [node: unknown, path: string][] = [[value, '']]
  const seen = new Set<unknown>()
  for (const [node, path] of pending) {
    if (typeof node !== 'object' || node === null || seen.has(node)) continue
    if (node === cause.holder) return `${path}/${cause.key}`
    seen.add(node)
    for (const [key, child] of Object.entries(node)) pending.push([child, `${path}/${key}`])
  }
  return `/…/${cause.key}`
}

function describe(value: unknown): string {
  return value === null ? 'null' : typeof value
}
