/** What an APIv2 call carries: which of its options, and as what. */
import { InvalidArgumentError } from '../../errors.js'
import type { OpenOptions } from '../../options.js'
import type { Destination } from '../../transport/destination.js'
import { encryptFields, hasPlainFields } from '../../trust/encrypt-fields.js'
import type { Call } from '../call.js'
import { type FormPart, formParts } from '../multipart.js'
import { NO_PAYLOAD, type Payload, rawPayload } from '../payload.js'
import { PADDING } from '../sensitive-fields.js'
import type { V2Facts } from './endpoints.js'
import type { RequestedKeys } from './keys.js'
import { formPayload, requireFields, signedTarget, type V2Signer, XML, xmlPayload } from './message.js'
import type { V2Fields } from './signature.js'

/** The body of one attempt, and where it goes: a GET is signed in its query. */
export interface Encoded {
  payload: Payload
  to: Destination
}

type Encode = (to: Destination) => Encoded | Promise<Encoded>

/**
 * What makes the request, anew for every attempt.
 * @throws InvalidArgumentError (as a rejection) for a payload that APIv2 cannot carry.
 */
export async function chooseEncoding(call: Call, signer: V2Signer, keys: RequestedKeys): Promise<Encode> {
  const { method, options } = call
  const { body } = options
  refuseForeignPayload(call)
  if (method === 'GET') return to => ({ payload: NO_PAYLOAD, to: { ...to, path: signedTarget(to.path, signer) } })
  if (options.file !== undefined) return encodeUpload(call, signer)
  if (body instanceof FormData) return encodeFormData(formParts(body), signer)
  if (body !== undefined) {
    const payload: Payload = { ...(await rawPayload(body)), contentType: XML }
    return to => ({ payload, to })
  }
  const fields = await encryptBankFields(options, signer.facts, keys)
  return to => ({ payload: xmlPayload(fields, signer), to })
}

function refuseForeignPayload({ method, options: { json, file, xml, body } }: Call): void {
  if (json !== undefined)
    throw new InvalidArgumentError('`json` is the payload of APIv3; APIv2 (paths under v2/) takes `xml`.')
  const given = Object.entries({ xml, body, file }).filter(([, value]) => value !== undefined)
  const names = given.map(([name]) => `\`${name}\``)
  if (method === 'GET' && names.length > 0)
    throw new InvalidArgumentError(`A GET carries no ${names[0]}; its parameters go into \`query\`.`)
  if (names.length > 1)
    throw new InvalidArgumentError(`${names.join(' and ')} are both given: a request has one payload.`)
}

async function encodeUpload(call: Call, signer: V2Signer): Promise<Encode> {
  if (hasPlainFields(call.options.meta, [])) {
    throw new InvalidArgumentError(
      '`meta` holds a `sensitive()`, but an APIv2 upload has no encrypted fields: give the value as it is.',
    )
  }
  const { prepareUpload } = await import('../upload.js')
  const { fields, part } = await prepareUpload(call)
  return to => ({ payload: formPayload(fields, [part], signer), to })
}

function encodeFormData(parts: readonly FormPart[], signer: V2Signer): Encode {
  const isText = ({ content }: FormPart) => typeof content === 'string'
  const fields = Object.fromEntries(parts.filter(isText).map(({ name, content }) => [name, content]))
  const files = parts.filter(part => !isText(part))
  return to => ({ payload: formPayload(fields, files, signer), to })
}

/** Encrypts what the catalogue marks and what is wrapped in `sensitive()`; the caller's object is not touched. */
async function encryptBankFields(
  options: OpenOptions,
  { encrypted, padding }: V2Facts,
  keys: RequestedKeys,
): Promise<V2Fields> {
  const { xml = {} } = options
  const fields = requireFields(xml)
  if (!hasPlainFields(fields, encrypted)) return fields
  const key = await keys.bankKey(options)
  return requireFields(encryptFields(fields, encrypted, key, { option: 'xml', padding: PADDING[padding] }))
}
