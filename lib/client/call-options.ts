/** The options of one call: separated from the values of placeholders, checked, and their files opened and written. */
import { Readable } from 'node:stream'
import { InvalidArgumentError } from '../errors.js'
import type { OpenOptions } from '../options.js'
import type { WechatPayResponse } from '../response.js'
import { bare } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'

const OPTIONS: ReadonlySet<string> = new Set([
  'json',
  'xml',
  'body',
  'query',
  'headers',
  'file',
  'filename',
  'meta',
  'sink',
  'base_uri',
  'timeout',
  'signal',
  'retry',
  'dispatcher',
  'security',
  'nonceless',
  'sandbox',
  'encrypt',
])

const FLAGS = ['security', 'nonceless', 'sandbox'] as const

/**
 * @throws InvalidArgumentError for a name that is neither an option nor a placeholder of the path, or that is both, so that
 *   its meaning is not clear; and for a `signal` or a flag of the wrong type.
 */
export function readCallOptions(
  given: object,
  placeholders: readonly string[],
  template: string,
): { values: Record<string, unknown>; options: OpenOptions } {
  // Without a prototype: one that something else in the process has changed must not redirect a payment.
  const values: Record<string, unknown> = bare({})
  const options: OpenOptions = bare({})
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const isOption = OPTIONS.has(name)
    if (placeholders.includes(name)) {
      if (isOption) throw new InvalidArgumentError(clash(name, template))
      values[name] = value
    } else if (isOption) {
      options[name] = value
    } else {
      throw new InvalidArgumentError(unknownOption(name, placeholders, template))
    }
  }
  requireTypes(options)
  return { values, options }
}

function clash(name: string, template: string): string {
  return `\`${name}\` is both an option of every call and a placeholder of \`${template}\`. Write the value of the placeholder into the path, percent-encoded.`
}

function unknownOption(name: string, placeholders: readonly string[], template: string): string {
  const known = placeholders.length > 0 ? `its placeholders are ${placeholders.join(', ')}` : 'it has no placeholders'
  return `\`${name}\` is neither an option nor a placeholder of \`${template}\` (${known}). Pass the payload as \`json\` and query parameters as \`query\`.`
}

function requireTypes(options: Readonly<Record<string, unknown>>): void {
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidArgumentError(`\`signal\` must be an AbortSignal; got ${kindOf(signal)}.`)
  }
  for (const name of FLAGS) {
    const value = options[name]
    if (value === undefined || typeof value === 'boolean') continue
    throw new InvalidArgumentError(`\`${name}\` must be true or false; got ${kindOf(value)}.`)
  }
}

type Response = WechatPayResponse<unknown, Buffer | Readable>

/**
 * Runs a call: opens its `file` and checks its `sink` before, writes the response to its `sink` after.
 *
 * @throws InvalidArgumentError for a `file` or a `sink` that is not valid, and what the call and the sink throw.
 */
export function withFiles(options: OpenOptions, run: (options: OpenOptions) => Promise<Response>): Promise<Response> {
  if (options.file === undefined) refuseWithoutFile(options)
  return options.file === undefined && options.sink === undefined ? run(options) : transfer(options, run)
}

async function transfer(options: OpenOptions, run: (options: OpenOptions) => Promise<Response>): Promise<Response> {
  // Loaded on first use: most processes never send or receive a file.
  const [{ openFile }, { readSink, writeSink }, { requireEnd }] = await Promise.all([
    import('../files/upload-file.js'),
    import('../files/sink.js'),
    import('../files/complete.js'),
  ])
  const sink = readSink(options.sink)
  const file = options.file === undefined ? undefined : await openFile(options.file, options)
  try {
    const response = await run(file ? bare({ ...options, file }) : options)
    if (sink !== undefined) {
      requireEnd(response)
      const content = toStream(response.body)
      // A sink that cannot be opened reads nothing, and an unread response would keep its connection.
      await writeSink(content, sink).finally(() => content.destroy())
    }
    return response
  } finally {
    await file?.release()
  }
}

function refuseWithoutFile({ filename, meta }: OpenOptions): void {
  const option = filename !== undefined ? 'filename' : meta !== undefined ? 'meta' : undefined
  if (option) throw new InvalidArgumentError(`\`${option}\` must come with a \`file\`; got none.`)
}

function toStream(body: Buffer | Readable): Readable {
  return Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body
}
