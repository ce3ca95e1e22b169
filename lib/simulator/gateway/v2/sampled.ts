/** APIv2 responses from the catalogue, for operations without a product module. */
import { isRecord } from '../../../util/plain-object.js'
import { type Operation, resolve, type Schema } from '../../schema/catalogue.js'
import { sampleFile } from '../../schema/files.js'
import { convert } from '../../schema/request.js'
import { sample } from '../../schema/sample.js'
import { success, type V2Call } from './message.js'

export interface V2Response {
  readonly body: string | Buffer
  /** Without its charset. */
  readonly contentType: string
}

/** Fields that are the same in every response, or that report a failure. */
const NOT_SAMPLED = new Set([
  'return_code',
  'return_msg',
  'nonce_str',
  'sign',
  'err_code',
  'err_code_des',
  'error_code',
])
const PAGE = '<!DOCTYPE html><html><head><title>微信支付</title></head><body></body></html>'

export function sampledResponse(operation: Operation, call: V2Call): V2Response {
  const { document, path, response } = operation
  if (response.mediaType === 'application/octet-stream') {
    return { body: sampleFile(path).content, contentType: 'text/plain' }
  }
  if (!response.content) {
    return operation.method === 'GET'
      ? { body: PAGE, contentType: 'text/html' }
      : { body: success(call, {}), contentType: 'text/xml' }
  }
  const schema = resolve(document, response.content.schema)
  const sampled = sample(schema, { document, echoes: [echoOf(operation, schema, call)] })
  if (response.mediaType === 'application/json')
    return { body: JSON.stringify(sampled), contentType: 'application/json' }
  const required = new Set(schema.required)
  const entries = Object.entries(isRecord(sampled) ? sampled : {}).filter(
    ([name]) => !NOT_SAMPLED.has(name) || (required.has(name) && name.startsWith('err')),
  )
  return { body: success(call, Object.fromEntries(entries)), contentType: 'text/xml' }
}

/** The fields of the request, as the response types them. */
function echoOf({ document }: Operation, { properties = {} }: Schema, { fields, merchant }: V2Call): object {
  const echo = Object.entries({ ...fields, mch_id: merchant.mchid, result_code: 'SUCCESS' }).map(([name, value]) => {
    const property = properties[name]
    return [name, property ? convert(document, property, value) : value]
  })
  return Object.fromEntries(echo)
}
