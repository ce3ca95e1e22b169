/** An upload: the file, and before it the meta with its digest, which is what the signature covers. */
import { createHash } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { readBlob, UploadFile } from '../files/upload-file.js'
import type { OpenOptions } from '../options.js'
import { isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'
import type { Call } from './call.js'
import type { UploadFacts } from './endpoints.js'
import { encodeForm, type FormPart } from './multipart.js'
import { jsonPayload, type Payload } from './payload.js'
import { requireAccepted } from './upload-limits.js'

/** The form that most endpoints take; also used for an endpoint that is not documented. */
const COMMON_UPLOAD: UploadFacts = {
  part: 'file',
  nameField: 'filename',
  digestField: 'sha256',
  digest: 'sha256',
  fixed: {},
}

/** A file to send: the fields that come with it, and the part with its content. */
export interface PreparedUpload {
  fields: Readonly<Record<string, unknown>>
  part: FormPart
}

type UploadCall = Pick<Call, 'path' | 'facts' | 'options'>

/**
 * The payload of an APIv3 upload.
 *
 * @throws InvalidArgumentError (as a rejection) for a file that the endpoint does not accept, or a meta that JSON cannot
 *   carry.
 */
export async function uploadPayload(call: UploadCall): Promise<Payload> {
  const { fields, part } = await prepareUpload(call)
  const { signed, contentType } = jsonPayload(fields, 'meta')
  return { ...encodeForm([{ name: 'meta', content: signed.toString(), contentType }, part]), signed }
}

/** @throws as {@link uploadPayload} does. */
export async function prepareUpload({
  path,
  facts: { upload = COMMON_UPLOAD },
  options,
}: UploadCall): Promise<PreparedUpload> {
  const { file } = options
  if (!(file instanceof UploadFile)) throw new TypeError('the file has not been opened')
  requireAccepted(file, path)
  const { content, filename, contentType } = file
  return {
    fields: { ...(await computedFields(file, upload)), ...readMeta(options) },
    part: { name: upload.part, content, filename, contentType },
  }
}

/** The name and the digest, in the documented order. */
export async function computedFields(
  { content, filename }: UploadFile,
  { nameField, digestField, digest, fixed }: UploadFacts,
): Promise<Record<string, string>> {
  return {
    ...(nameField && { [nameField]: filename }),
    [digestField]: await digestOf(readBlob(content), digest),
    ...fixed,
  }
}

/** Lower-case hex. The content is read once and not kept. */
export async function digestOf(content: AsyncIterable<Uint8Array>, algorithm: UploadFacts['digest']): Promise<string> {
  const hash = createHash(algorithm)
  for await (const chunk of content) hash.update(chunk)
  return hash.digest('hex')
}

function readMeta({ meta = {} }: OpenOptions): object {
  if (isRecord(meta)) return meta
  throw new InvalidArgumentError(
    `\`meta\` must be an object of the fields that go with the file, besides its name and its digest; got ${kindOf(meta)}.`,
  )
}
