/** The payload of an APIv2 call. */
import { InvalidArgumentError } from '../../errors.js'
import type { OpenOptions } from '../../options.js'
import { encryptFields, hasPlainFields } from '../../trust/encrypt-fields.js'
import type { Call } from '../call.js'
import { type FormPart, formParts } from '../multipart.js'
import { NO_PAYLOAD, type Payload, rawPayload, requirePayload } from '../payload.js'
import { PADDING } from '../sensitive-fields.js'
import type { V2Facts } from './endpoints.js'
import type { RequestedKeys } from './keys.js'
import { formPayload, requireFields, type V2Signer, XML, xmlPayload } from './message.js'
import type { V2Fields } from './signature.js'

/**
 * Encodes the payload, each time with a new nonce and signature.
 *
 * @throws InvalidArgumentError (as a rejection) for a payload that APIv2 cannot carry.
 */
export async function preparePayload(call: Call, signer: V2Signer, keys: RequestedKeys): Promise<() => Payload> {
  const { method, options } = call
  const { file, body } = options
  refuseForeignPayload(call)
  // A GET is signed in its query.
  if (method === 'GET') return () => NO_PAYLOAD
  if (file !== undefined) return prepareFile(call, signer)
  if (body instanceof FormData) return prepareForm(formParts(body), signer)
  if (body !== undefined) {
    const payload: Payload = { ...(await rawPayload(body)), contentType: XML }
    return () => payload
  }
  if (options.xml === undefined) requirePayload(call, signer.facts)
  const fields = await encryptBankFields(options, signer.facts, keys)
  return () => xmlPayload(fields, signer)
}

function refuseForeignPayload({ method, options: { json, file, xml, body } }: Call): void {
  if (json !== undefined)
    throw new InvalidArgumentError('`json` is the payload of APIv3. For APIv2 (paths under v2/) use `xml`.')
  const given = Object.entries({ xml, body, file }).filter(([, value]) => value !== undefined)
  const names = given.map(([name]) => `\`${name}\``)
  if (method === 'GET' && names.length > 0)
    throw new InvalidArgumentError(`A GET must not have a payload; got ${names[0]}. Pass its parameters in \`query\`.`)
  if (names.length > 1)
    throw new InvalidArgumentError(`${names.join(' and ')} must not be given together. A request has one payload.`)
}

async function prepareFile(call: Call, signer: V2Signer): Promise<() => Payload> {
  if (hasPlainFields(call.options.meta, [], 'meta')) {
    throw new InvalidArgumentError(
      '`meta` must not contain a `sensitive()` value in APIv2, whose uploads have no encrypted fields. Pass the plain value.',
    )
  }
  const { prepareUpload } = await import('../upload.js')
  const { fields, part } = await prepareUpload(call)
  return () => formPayload(fields, [part], signer)
}

function prepareForm(parts: readonly FormPart[], signer: V2Signer): () => Payload {
  const isField = ({ content }: FormPart) => typeof content === 'string'
  const fields = Object.fromEntries(parts.filter(isField).map(({ name, content }) => [name, content]))
  const files = parts.filter(part => !isField(part))
  return () => formPayload(fields, files, signer)
}

/** Encrypts the fields that the catalogue marks and every `sensitive()` value; the caller's object is not changed. */
async function encryptBankFields(
  options: OpenOptions,
  { encrypted, padding }: V2Facts,
  keys: RequestedKeys,
): Promise<V2Fields> {
  const { xml = {} } = options
  const fields = requireFields(xml)
  if (!hasPlainFields(fields, encrypted, 'xml')) return fields
  const key = await keys.bankKey(options)
  return requireFields(encryptFields(fields, encrypted, key, { option: 'xml', padding: PADDING[padding] }))
}
