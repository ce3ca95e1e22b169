/** What a call does with files: the one that it sends is opened, the one that it receives is written. */
import { Readable } from 'node:stream'
import { InvalidArgumentError } from '../errors.js'
import type { OpenOptions } from '../options.js'
import type { WechatPayResponse } from '../response.js'

type Response = WechatPayResponse<unknown, Buffer | Readable>

/**
 * Runs a call with its `file` opened and its `sink` checked before, and its `sink` written after.
 * @throws InvalidArgumentError for a `file` or a `sink` that cannot be right, and whatever the call and the sink throw.
 */
export function withFiles(options: OpenOptions, run: (options: OpenOptions) => Promise<Response>): Promise<Response> {
  if (options.file === undefined) refuseWithoutFile(options)
  return options.file === undefined && options.sink === undefined ? run(options) : transfer(options, run)
}

async function transfer(options: OpenOptions, run: (options: OpenOptions) => Promise<Response>): Promise<Response> {
  // Loaded on first use: most processes never send or receive a file.
  const [{ openFile }, { readSink, writeSink }] = await Promise.all([
    import('../files/upload-file.js'),
    import('../files/sink.js'),
  ])
  const sink = readSink(options.sink)
  const file = options.file === undefined ? undefined : await openFile(options.file, options)
  try {
    const response = await run(file ? { ...options, file } : options)
    if (sink !== undefined) {
      const content = toStream(response.body)
      // A sink that cannot be opened reads nothing, and an answer that nobody reads keeps its connection.
      await writeSink(content, sink).finally(() => content.destroy())
    }
    return response
  } finally {
    await file?.release()
  }
}

function refuseWithoutFile({ filename, meta }: OpenOptions): void {
  const option = filename !== undefined ? 'filename' : meta !== undefined ? 'meta' : undefined
  if (option) throw new InvalidArgumentError(`\`${option}\` goes with a \`file\`, and there is none.`)
}

function toStream(body: Buffer | Readable): Readable {
  return Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body
}
