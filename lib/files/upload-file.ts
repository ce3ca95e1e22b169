/** A file to upload, in any form: its content can be read several times. */
import { createWriteStream, openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { InvalidArgumentError, NOTHING_SENT, TransportError, WechatPayError } from '../errors.js'
import type { FileInput } from '../options.js'
import { onAbort } from '../util/on-abort.js'
import { kindOf } from '../util/wording.js'
import { extensionOf, typeByName } from './media-type.js'
import { makeTemporaryFolder } from './temporary-folder.js'

/** An open file that has not been read. */
export class UploadFile {
  readonly content: Blob
  readonly filename: string
  readonly contentType: string
  /** Removes the temporary copy; the content cannot be read after that. */
  readonly release: () => Promise<void>

  constructor({ content, filename, contentType, release }: Pick<UploadFile, keyof UploadFile>) {
    this.content = content
    this.filename = filename
    this.contentType = contentType
    this.release = release
  }
}

const DEFAULT_TYPE = 'application/octet-stream'

/**
 * A path is not read yet; a stream is kept in a temporary file, since its digest must be known before it is sent. Without a
 * `filename`, the name is that of the path, the `File` or the stream, or `file` with the extension for its content.
 *
 * @throws InvalidArgumentError for a file that does not exist or is empty, WechatPayError `ERR_FILE_READ` for a stream that
 *   fails, TransportError `ERR_ABORTED` if `signal` ends the wait for a stream (as rejections).
 */
export async function openFile(
  input: FileInput,
  { filename, signal }: { filename?: unknown; signal?: AbortSignal | undefined } = {},
): Promise<UploadFile> {
  const given = readInput(input, filename)
  const { content, release = async () => {} } = await openContent(given.content, signal)
  try {
    if (content.size === 0) throw new InvalidArgumentError('`file` must not be empty; got 0 bytes.')
    const name = given.filename ?? `file${await extensionOf(content)}`
    const contentType = content.type || typeByName(name) || typeByName(await extensionOf(content)) || DEFAULT_TYPE
    return new UploadFile({ content, filename: name, contentType, release })
  } catch (error) {
    await release()
    throw error
  }
}

type Content = string | Uint8Array | Blob | Readable

interface Named {
  content: Content
  filename: string | undefined
}

function readInput(input: unknown, filename: unknown): Named {
  const named = isNamed(input) ? input : { content: input, filename: undefined }
  const name = filename ?? named.filename
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw new InvalidArgumentError(
      `\`filename\` must be a string such as 'logo.png'; got ${name === '' ? 'an empty string' : kindOf(name)}.`,
    )
  const { content } = named
  if (content instanceof URL && content.protocol === 'file:') return fromPath(fileURLToPath(content), name)
  if (typeof content === 'string' && content !== '')
    return fromPath(content.startsWith('file://') ? fileURLToPath(content) : content, name)
  if (content instanceof Uint8Array || content instanceof Readable || content instanceof Blob)
    return { content, filename: name ?? nameOf(content) }
  throw new InvalidArgumentError(
    `\`file\` must be the path of a file, its bytes, a Blob or a stream, or { content, filename }; got ${content === '' ? 'an empty string' : kindOf(content)}.`,
  )
}

function isNamed(input: unknown): input is { content: unknown; filename: unknown } {
  const isBare = input instanceof Uint8Array || input instanceof Readable || input instanceof Blob
  return typeof input === 'object' && input !== null && !isBare && 'content' in input && 'filename' in input
}

function fromPath(path: string, filename: string | undefined): Named {
  return { content: path, filename: filename ?? basename(path) }
}

function nameOf(content: object): string | undefined {
  if ('name' in content && typeof content.name === 'string' && content.name !== '') return content.name
  return 'path' in content && typeof content.path === 'string' ? basename(content.path) : undefined
}

async function openContent(
  content: Content,
  signal: AbortSignal | undefined,
): Promise<{ content: Blob; release?: () => Promise<void> }> {
  if (typeof content === 'string') return { content: await openPath(content) }
  if (content instanceof Readable) return keepStream(content, signal)
  return { content: content instanceof Uint8Array ? new Blob([content]) : content }
}

async function openPath(path: string): Promise<Blob> {
  const stats = await stat(path).catch(cause => {
    throw new InvalidArgumentError(
      '`file` must be the path of a file that this process can read; its error is the cause. Check the path.',
      { cause },
    )
  })
  if (!stats.isFile())
    throw new InvalidArgumentError('`file` must be the path of a file; got the path of a folder or a device.')
  return openAsBlob(path)
}

async function keepStream(
  stream: Readable,
  signal: AbortSignal | undefined,
): Promise<{ content: Blob; release: () => Promise<void> }> {
  const { path, remove } = await makeTemporaryFolder()
  try {
    const kept = join(path, 'upload')
    const stopListening =
      signal && onAbort(signal, () => stream.destroy(new Error('The call was aborted by its signal.')))
    if (signal?.aborted) stream.destroy()
    await pipeline(stream, createWriteStream(kept, { flags: 'wx' })).finally(stopListening)
    return { content: await openAsBlob(kept), release: remove }
  } catch (cause) {
    await remove()
    if (signal?.aborted) {
      throw new TransportError(`The call was aborted by its signal. ${NOTHING_SENT}`, {
        code: 'ERR_ABORTED',
        sent: false,
        cause: signal.reason,
      })
    }
    throw new WechatPayError(
      `The \`file\` stream failed or could not be kept on disk; its error is the cause. ${NOTHING_SENT}`,
      {
        code: 'ERR_FILE_READ',
        cause,
      },
    )
  }
}

/** @throws WechatPayError `ERR_FILE_READ` (as a rejection) for a file that was changed or removed after it was opened. */
export async function* readBlob(blob: Blob): AsyncGenerator<Uint8Array> {
  try {
    yield* blob.stream()
  } catch (cause) {
    throw new WechatPayError('The file was changed or removed while it was read. The upload did not complete.', {
      code: 'ERR_FILE_READ',
      cause,
    })
  }
}
