/** Files outside of a call: uploads that you build yourself, and downloads that a response names. */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { FileOptions } from './client/client.js'
import { fetchFile, locate, namedFile } from './client/named-file.js'
import type { Client } from './client/settings-of.js'
import { WechatPayError } from './errors.js'
import { requireEnd } from './files/complete.js'
import { hashName, verified } from './files/digest.js'
import { readSink, type Sink, writeSink } from './files/sink.js'
import { openFile, readBlob } from './files/upload-file.js'
import type { FileInput } from './options.js'
import type { UploadFacts } from './protocol/endpoints.js'
import { jsonPayload } from './protocol/payload.js'
import { computedFields, digestOf } from './protocol/upload.js'
import { WechatPayResponse } from './response.js'
import { refuseUnknownOptions } from './util/unknown-options.js'

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

export interface FollowOptions extends FileOptions {
  /** Where the file goes: the path of a file, which is there only when it is complete; or a stream. */
  sink?: Sink
}

const FOLLOW_OPTIONS = ['sink', 'timeout', 'retry', 'dispatcher', 'headers', 'signal']

/**
 * Fetches the file that a verified response names by its `download_url` or `url`, on any path and host of WeChat Pay: a
 * receipt, an invoice, a coupon flow, an image of a complaint. `response` is the response of a call, its data, an entry
 * of a list in it, or `{ download_url }`. Without a `sink` the body is a stream.
 *
 * Files are not signed. The content is compared with the digest of the response, or of the download's `sm3-digest`
 * header, where there is one; a stream fails at its end if it is different. Only hosts of the API are sent an
 * Authorization.
 *
 * @throws InvalidArgumentError for a response that names no file or several, a URL that does not lead to WeChat Pay, and
 *   an unknown digest; WechatPayError `ERR_DOWNLOAD_CONTENT` for content with a different digest,
 *   `ERR_DOWNLOAD_INCOMPLETE` for a part of a file, `ERR_SINK`; and the errors of a call (all as rejections).
 */
export async function follow(
  wxpay: Client,
  response: object,
  options: FollowOptions = {},
): Promise<WechatPayResponse<undefined, Readable>> {
  refuseUnknownOptions(options, FOLLOW_OPTIONS, 'Media.follow')
  const { sink, ...others } = options
  const target = readSink(sink)
  const file = namedFile(response)
  const location = locate(wxpay, file.download_url)
  const isAnnounced = hashName(file) !== undefined
  const fetched = await fetchFile(wxpay, location, others)
  const sm3 = fetched.getHeaderLine('sm3-digest')
  const content = verified(verified(fetched.body, file, different), { hash_type: 'SM3', hash_value: sm3 }, different)
  if (target !== undefined) {
    if (!isAnnounced && sm3 === '') requireEnd(fetched)
    await writeSink(content, target).finally(() => fetched.body.destroy())
  }
  return withBody(fetched, content)
}

function different(hashType: string): WechatPayError {
  return new WechatPayError(
    `The file does not match the ${hashType} that WeChat Pay announced. Discard the part that was read, and call again.`,
    { code: 'ERR_DOWNLOAD_CONTENT' },
  )
}

function withBody(
  { statusCode, headers, requestId, body }: WechatPayResponse<undefined, Readable>,
  content: AsyncIterable<Uint8Array>,
): WechatPayResponse<undefined, Readable> {
  // A generator that has not started is ended without its `for await`, which would leave the connection open.
  const stream = Readable.from(content, { objectMode: false }).once('close', () => body.destroy())
  return new WechatPayResponse({
    statusCode,
    headers: Object.fromEntries(headers),
    data: undefined,
    body: stream,
    requestId,
  })
}
