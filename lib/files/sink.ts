/** The destination of a download: a stream, or a file that appears only when it is complete. */
import { randomBytes } from 'node:crypto'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { InvalidArgumentError, WechatPayError } from '../errors.js'
import { kindOf } from '../util/wording.js'

/** The path of a file, or a stream, which is ended after the content. */
export type Sink = string | URL | Writable

/** @throws InvalidArgumentError if it is neither a path nor a Writable. */
export function readSink(sink: unknown): string | Writable | undefined {
  if (sink === undefined || sink instanceof Writable) return sink
  if (typeof sink === 'string' && sink !== '') return sink
  if (sink instanceof URL && sink.protocol === 'file:') return fileURLToPath(sink)
  const found = typeof sink === 'string' ? 'an empty string' : kindOf(sink)
  throw new InvalidArgumentError(`\`sink\` must be the path of a file or a Writable stream; got ${found}.`)
}

/**
 * Writes all content, with backpressure. A file is written under a temporary name, flushed to the disk and then renamed. If
 * the content fails, no file is left, and an existing file stays unchanged.
 *
 * @throws WechatPayError `ERR_SINK` if the sink fails; the error of the content if that fails (as rejections).
 */
export async function writeSink(content: AsyncIterable<Uint8Array>, sink: string | Writable): Promise<void> {
  if (sink instanceof Writable) await write(content, watched => pipeline(watched, sink))
  else await writePath(content, sink)
}

async function writePath(content: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`)
  const file = await open(temporary, 'wx').catch(refuse)
  try {
    await write(content, watched => writeFile(file, watched))
    await file.sync().catch(refuse)
    await file.close().catch(refuse)
    await rename(temporary, path).catch(refuse)
  } catch (error) {
    await file.close().catch(() => {})
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

async function write(
  content: AsyncIterable<Uint8Array>,
  into: (watched: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  async function* watched() {
    try {
      yield* content
    } catch (error) {
      failures.push(error)
      throw error
    }
  }
  await into(watched()).catch(error => (failures.includes(error) ? Promise.reject(error) : refuse(error)))
}

function refuse(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new WechatPayError(
    `The \`sink\` could not be written: ${reason}. WeChat Pay has responded. Fix the sink and call again.`,
    {
      code: 'ERR_SINK',
      cause,
    },
  )
}
