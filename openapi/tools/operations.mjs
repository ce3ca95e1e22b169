/** Prints what a call takes and gives: for each operation an interface of its options, its payload and its data. */
import { placeholders } from './model.mjs'
import { key } from './names.mjs'
import { comment, printObject, printType } from './schema.mjs'
import { uploadOf } from './upload.mjs'

/** @import { Call } from './model.mjs' */
/** @import { Printer } from './schema.mjs' */
/** @import { Operation, Schema } from './openapi.js' */

/** What the client fills in where the caller left it out. */
const filled = new Set(['mch_id', 'mchid', 'nonce_str', 'sign'])

/** @param {string} field */
export const isFilled = field => filled.has(field)

/** @type {Record<'query' | 'signed-query' | 'json' | 'xml-request' | 'xml-answer', Printer>} */
const printers = {
  query: { dialect: 'query', reference: name => `S.${name}` },
  'signed-query': { dialect: 'query', reference: name => `R.${name}`, optional: isFilled },
  json: { dialect: 'json', reference: name => `S.${name}` },
  'xml-request': { dialect: 'xml-request', reference: name => `R.${name}`, optional: isFilled },
  'xml-answer': { dialect: 'xml-answer', reference: name => `A.${name}` },
}

/**
 * @typedef {object} Signature
 * @property {string} options The parameter of the verb: `options: GetV3Refunds`.
 * @property {string} answer What the promise holds.
 * @property {string} data
 * @property {string} declarations The interfaces that both need.
 */

/**
 * @param {Call} call
 * @returns {Signature}
 */
export function printCall(call) {
  const payload = payloadOf(call.operation)
  const parts = [
    ...placeholders(call).map(name => pathPart(name, call.operation)),
    queryPart(call),
    payload && payloadPart(call, payload),
    isDownload(call.operation) && {
      text:
        comment('Where the file goes: a path or a stream. Without it the body is a stream.', '  ') + '  sink?: Sink\n',
      required: false,
      declarations: '',
    },
  ].filter(part => part !== undefined && part !== false)
  const required = parts.some(part => part.required)
  const data = dataOf(call)
  return {
    options: `options${required ? '' : '?'}: ${payload ? `${call.name} | Raw<${call.name}>` : call.name}`,
    answer: isDownload(call.operation) ? 'WechatPayResponse<undefined, Readable>' : `WechatPayResponse<${data.type}>`,
    data: data.type,
    declarations:
      parts.map(part => part.declarations).join('') +
      data.declarations +
      `export interface ${call.name} extends CommonOptions {\n${parts.map(part => part.text).join('')}}\n`,
  }
}

/**
 * @typedef {object} Part A group of options.
 * @property {string} text
 * @property {boolean} required
 * @property {string} declarations
 */

/**
 * @param {string} name
 * @param {Operation} operation
 * @returns {Part}
 */
function pathPart(name, operation) {
  const schema = operation.parameters?.find(parameter => parameter.in === 'path' && parameter.name === name)?.schema
  const type = schema?.enum ? printType(schema, printers.query) : 'string | number'
  return { text: `${comment(schema?.title ?? '', '  ')}  ${key(name)}: ${type}\n`, required: true, declarations: '' }
}

/**
 * @param {Call} call
 * @returns {Part | undefined}
 */
function queryPart({ api, operation }) {
  const parameters = operation.parameters?.filter(parameter => parameter.in === 'query') ?? []
  if (parameters.length === 0) return undefined
  const printer = printers[api === 'v2' ? 'signed-query' : 'query']
  const names = parameters.filter(parameter => parameter.required).map(({ name }) => name)
  const required = names.some(name => !printer.optional?.(name))
  const schema = { properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])), required: names }
  const text = `  query${required ? '' : '?'}: ${printObject(schema, printer, '  ')} | QueryText\n`
  return { text, required, declarations: '' }
}

/**
 * @typedef {object} Payload
 * @property {'json' | 'xml' | 'file'} option
 * @property {Schema} schema
 */

/**
 * @param {Operation} operation
 * @returns {Payload | undefined}
 */
export function payloadOf({ requestBody }) {
  if (!requestBody) return undefined
  const [[type, { schema = {} }] = ['', {}]] = Object.entries(requestBody.content)
  const option = { 'application/json': 'json', 'application/xml': 'xml', 'multipart/form-data': 'file' }[type]
  if (!option) throw new Error(`a payload is JSON, XML or a form, found ${type}`)
  return { option: /** @type {Payload['option']} */ (option), schema }
}

/**
 * @param {Call} call
 * @param {Payload} payload
 * @returns {Part}
 */
function payloadPart(call, { option, schema }) {
  if (option === 'file') return filePart(call)
  const printer = printers[option === 'json' ? 'json' : 'xml-request']
  const name = `${call.name}${option === 'json' ? 'Json' : 'Xml'}`
  const declared = declare(name, schema, printer, option === 'xml' ? ' extends Signed' : '')
  return { text: `  ${option}: ${declared.type}\n`, required: true, declarations: declared.declarations }
}

/**
 * @param {Call} call
 * @returns {Part}
 */
function filePart(call) {
  const meta = uploadOf(call.operation)?.meta
  const printer = printers[call.api === 'v3' ? 'json' : 'xml-request']
  const required = meta?.required?.some(field => !printer.optional?.(field)) ?? false
  const text = meta ? `  meta${required ? '' : '?'}: ${printType(meta, printer, '  ')}\n` : ''
  return { text: `  file: FileInput\n${text}`, required: true, declarations: '' }
}

/** @param {Operation} operation */
export function isDownload({ responses }) {
  return responses[200]?.content?.['application/octet-stream'] !== undefined
}

/** @param {Call} call */
function dataOf(call) {
  const response = Object.values(call.operation.responses)[0]
  const [[type, { schema }] = ['', { schema: undefined }]] = Object.entries(response?.content ?? {})
  if (type === 'application/octet-stream') return { type: 'undefined', declarations: '' }
  if (!schema) return { type: call.api === 'v3' ? 'undefined' : 'unknown', declarations: '' }
  const printer = printers[type === 'application/json' ? 'json' : 'xml-answer']
  return declare(`${call.name}Data`, schema, printer)
}

/**
 * @param {string} name
 * @param {Schema} schema
 * @param {Printer} printer
 * @param {string} [heritage]
 */
function declare(name, schema, printer, heritage = '') {
  if (schema.$ref) {
    const type = printType(schema, printer)
    return { type: heritage ? `${type} &${heritage.replace(' extends', '')}` : type, declarations: '' }
  }
  if (!schema.properties) return { type: printType(schema, printer), declarations: '' }
  return { type: name, declarations: `export interface ${name}${heritage} ${printObject(schema, printer)}\n` }
}
