/** The destination of a download: a stream, or a file that appears only when it is complete. */
import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { type FileHandle, lstat, open, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
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
 * the content fails, no file is left, and an existing file stays unchanged. A new file can be read by its owner only, since
 * bills and images are personal data; a file that is replaced keeps its mode. Symbolic links are followed, and a device or
 * a pipe is written to directly.
 *
 * @throws WechatPayError `ERR_SINK` if the sink fails; the error of the content if that fails (as rejections).
 */
export async function writeSink(content: AsyncIterable<Uint8Array>, sink: string | Writable): Promise<void> {
  if (sink instanceof Writable) return write(content, watched => pipeline(watched, sink))
  const present = await statOf(sink)
  if (present && !present.isFile()) return writeDirectly(content, sink)
  return replace(content, await targetOf(sink).catch(refuse), present)
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(error => (isMissing(error) ? undefined : refuse(error)))
}

/** The file that a path leads to, which may not exist yet. */
async function targetOf(path: string, links = 0): Promise<string> {
  const isLink = await lstat(path).then(
    stats => stats.isSymbolicLink(),
    () => false,
  )
  if (!isLink) return path
  try {
    return await realpath(path)
  } catch (error) {
    if (!isMissing(error) || links === MOST_LINKS) throw error
    return targetOf(resolve(dirname(path), await readlink(path)), links + 1)
  }
}

const MOST_LINKS = 40
/** Owner only. */
const NEW_MODE = 0o600

async function writeDirectly(content: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const file = await open(path, 'w').catch(refuse)
  try {
    await write(content, watched => writeFile(file, watched))
  } finally {
    await file.close().catch(() => {})
  }
}

async function replace(content: AsyncIterable<Uint8Array>, path: string, present: Stats | undefined): Promise<void> {
  const temporary = join(dirname(path), temporaryName(basename(path)))
  const file = await open(temporary, 'wx', NEW_MODE).catch(refuse)
  try {
    await write(content, watched => writeFile(file, watched))
    if (present) await keepAccess(file, present).catch(refuse)
    await file.sync().catch(refuse)
    await file.close().catch(refuse)
    await rename(temporary, path).catch(refuse)
  } catch (error) {
    await file.close().catch(() => {})
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

/** Bytes. */
const LONGEST_NAME = 255

function temporaryName(name: string): string {
  const suffix = `.${randomBytes(6).toString('hex')}.part`
  const whole = `.${name}${suffix}`
  return Buffer.byteLength(whole) <= LONGEST_NAME ? whole : `.download${suffix}`
}

async function keepAccess(file: FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  const own = await file.stat()
  // Only root may give a file away. Where it cannot be kept, the owner is the user who writes, as for a new file.
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid).catch(() => {})
  await file.chmod(mode & 0o777)
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

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
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
