/** Prints the types of a call: for each operation an interface of its options, its payload and its data. */

import { comment } from './describe.mjs'
import { placeholders } from './model.mjs'
import { key } from './names.mjs'
import { printersOf } from './printers.mjs'
import { partsOf } from './references.mjs'
import { printDeclaration, printObject, printType } from './schema.mjs'
import { uploadOf } from './upload.mjs'

/** @import { Call } from './model.mjs' */
/** @import { Printer } from './schema.mjs' */
/** @import { Operation, Schema } from './openapi.js' */

/**
 * The only algorithm for signing an APIv2 message, if the message must name it.
 * @param {Schema} message
 * @returns {string | undefined}
 */
export function signTypeOf({ properties, required }) {
  const { sign_type } = properties ?? {}
  return required?.includes('sign_type') && sign_type?.enum?.length === 1 ? String(sign_type.enum[0]) : undefined
}

/**
 * @typedef {object} Signature
 * @property {string} options The parameter of the verb: `options: GetV3Refunds`.
 * @property {string} response The type that the promise resolves to.
 * @property {string} data
 * @property {string} declarations The interfaces that both need.
 */

/**
 * @param {Call} call
 * @returns {Signature}
 */
export function printCall(call) {
  const { name, operation } = call
  const parts = [
    ...placeholders(call).map(placeholder => pathPart(placeholder, call)),
    ...queryPart(call),
    ...payloadPart(call),
    ...(isDownload(operation) ? [sinkPart] : []),
  ]
  const data = dataOf(call)
  const optional = parts.some(({ required }) => required) ? '' : '?'
  return {
    options: `options${optional}: ${payloadOf(operation) ? `OrRaw<${name}>` : name}`,
    response: isDownload(operation) ? 'WechatPayResponse<undefined, Readable>' : `WechatPayResponse<${data.type}>`,
    data: data.type,
    declarations: [
      ...parts.map(({ declarations = '' }) => declarations),
      data.declarations,
      `export interface ${name} extends CommonOptions {\n${parts.map(({ text }) => text).join('')}}\n`,
    ].join(''),
  }
}

/**
 * @typedef {object} Part An option, or several that belong together.
 * @property {string} text
 * @property {boolean} required
 * @property {string} [declarations] What the text refers to.
 */

/** @type {Part} */
const sinkPart = {
  text: '  /** Where the file goes: a path or a stream. Without it the body is a stream. */\n  sink?: Sink\n',
  required: false,
}

/**
 * @param {string} name
 * @param {Call} call
 * @returns {Part}
 */
function pathPart(name, call) {
  const schema = call.operation.parameters?.find(
    parameter => parameter.in === 'path' && parameter.name === name,
  )?.schema
  const type = schema?.enum ? printType(schema, printersOf(call).query) : 'string | number'
  return { text: `${comment(schema?.title ?? '', '  ')}  ${key(name)}: ${type}\n`, required: true }
}

/**
 * @param {Call} call
 * @returns {Part[]}
 */
function queryPart(call) {
  const parameters = call.operation.parameters?.filter(parameter => parameter.in === 'query') ?? []
  if (parameters.length === 0) return []
  const printer = printersOf(call).query
  const needed = parameters.filter(parameter => parameter.required).map(({ name }) => name)
  const properties = Object.fromEntries(parameters.map(({ name, schema }) => [name, schema]))
  const required = needed.some(name => !printer.optional?.(name, properties[name]))
  const type = printObject({ properties, required: needed }, printer, '  ')
  return [{ text: `  query${required ? '' : '?'}: ${type} | QueryText\n`, required }]
}

/**
 * @typedef {object} Payload
 * @property {'json' | 'xml' | 'file'} option
 * @property {Schema} schema
 */

const payloadOptions = /** @type {const} */ ({
  'application/json': 'json',
  'application/xml': 'xml',
  'multipart/form-data': 'file',
})

/**
 * @param {Operation} operation
 * @returns {Payload | undefined}
 */
export function payloadOf({ operationId, requestBody }) {
  if (!requestBody) return undefined
  for (const [type, option] of Object.entries(payloadOptions)) {
    const media = requestBody.content[type]
    if (media) return { option, schema: media.schema ?? {} }
  }
  throw new Error(`${operationId}: the payload must be JSON, XML or a form; got ${Object.keys(requestBody.content)}`)
}

/**
 * @param {Call} call
 * @returns {Part[]}
 */
function payloadPart(call) {
  const payload = payloadOf(call.operation)
  if (!payload) return []
  if (payload.option === 'file') return [filePart(call)]
  const printer = printersOf(call).request
  const { type, declarations } =
    payload.option === 'json'
      ? declare(`${call.name}Json`, payload.schema, printer)
      : declare(`${call.name}Xml`, payload.schema, printer, 'Signed')
  return [{ text: `  ${payload.option}: ${type}\n`, required: true, declarations }]
}

/**
 * @param {Call} call
 * @returns {Part}
 */
function filePart(call) {
  const meta = uploadOf(call)?.meta
  const printer = printersOf(call).request
  const required = meta?.required?.some(field => !printer.optional?.(field, meta.properties?.[field]))
  const text = meta ? `  meta${required ? '' : '?'}: ${printType(meta, printer, '  ')}\n` : ''
  return { text: `  file: FileInput\n  filename?: string\n${text}`, required: true }
}

/** @param {Operation} operation */
export function isDownload({ responses }) {
  return responses[200]?.content?.['application/octet-stream'] !== undefined
}

/** @param {Call} call */
function dataOf(call) {
  const { api, name, operation } = call
  const { content = {} } = Object.values(operation.responses)[0] ?? {}
  const schema = (content['application/json'] ?? content['application/xml'])?.schema
  if (schema) return declare(`${name}Data`, schema, printersOf(call).response)
  // The documents of APIv2 leave some responses out; in those of APIv3, the response is then empty or a file.
  return { type: api === 'v3' || isDownload(operation) ? 'undefined' : 'unknown', declarations: '' }
}

/**
 * The type of a payload or a response, with an interface of its own unless it is a shared one.
 * @param {string} name
 * @param {Schema} schema
 * @param {Printer} printer
 * @param {string} [base] An interface that it extends.
 */
function declare(name, schema, printer, base) {
  if (!schema.properties && partsOf(schema).length === 0) {
    const type = printType(schema, printer)
    return { type: base ? `${type} & ${base}` : type, declarations: '' }
  }
  return { type: name, declarations: printDeclaration(name, schema, printer, base) }
}
