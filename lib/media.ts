/** The form and the digest of an upload, for requests that you build yourself. The `file` option of a call does both. */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { openFile, readBlob } from './files/upload-file.js'
import type { FileInput } from './options.js'
import type { UploadFacts } from './protocol/endpoints.js'
import { jsonPayload } from './protocol/payload.js'
import { computedFields, digestOf } from './protocol/upload.js'

export interface FormOptions {
  /** The file name to send instead of the file's own. */
  filename?: string
  /** The fields that go with the file, besides its name and its digest. */
  meta?: object
  /** The name of the part with the file. Default `file`. */
  part?: string
  /** The field of the meta with the file's name; `false` for none. Default `filename`. */
  nameField?: string | false
  /** The field of the meta with the digest, in lower-case hex. Default `sha256`. */
  digestField?: string
  /** Default `sha256`. */
  digest?: Digest
}

export type Digest = UploadFacts['digest']

/**
 * The form of an APIv3 upload, for `body`: a `meta` part with the name and the digest of the file as JSON, and the file, which
 * is read when it is sent. Only a stream is kept in memory.
 *
 * @throws InvalidArgumentError (as a rejection) for a file that cannot be read, or a meta that JSON cannot carry.
 */
export async function form(file: FileInput, options: FormOptions = {}): Promise<FormData> {
  const { filename, meta, part = 'file', nameField = 'filename', digestField = 'sha256', digest = 'sha256' } = options
  const opened = await openFile(await inMemory(file), { filename })
  const facts: UploadFacts = { part, digestField, digest, fixed: {}, ...(nameField && { nameField }) }
  const { signed } = jsonPayload({ ...(await computedFields(opened, facts)), ...meta }, 'meta')
  const built = new FormData()
  built.append('meta', new Blob([signed], { type: 'application/json' }))
  built.append(part, new File([opened.content], opened.filename, { type: opened.contentType }))
  return built
}

/**
 * The digest of a file in lower-case hex. The file is read once and not kept in memory.
 *
 * @throws InvalidArgumentError (as a rejection) for a file that cannot be read.
 */
export async function digest(file: FileInput, algorithm: Digest = 'sha256'): Promise<string> {
  const stream = streamIn(file)
  if (stream) return digestOf(stream, algorithm)
  const opened = await openFile(file)
  try {
    return await digestOf(readBlob(opened.content), algorithm)
  } finally {
    await opened.release()
  }
}

function streamIn(file: FileInput): Readable | undefined {
  const content: unknown = file instanceof Readable ? file : Reflect.get(Object(file), 'content')
  return content instanceof Readable ? content : undefined
}

// A form does not say when it is no longer used, so a temporary file could never be removed.
async function inMemory(file: FileInput): Promise<FileInput> {
  if (file instanceof Readable) return new Blob([await buffer(file)])
  if (typeof file !== 'object' || !('content' in file) || !(file.content instanceof Readable)) return file
  return { ...file, content: await buffer(file.content) }
}
