/** Prints the table of facts that the client needs about endpoints at run time, as a tree of path segments. */
import { prefixedPath } from './model.mjs'
import { isDownload, payloadOf, signTypeOf } from './operations.mjs'
import { partsOf, resolve } from './references.mjs'
import { uploadOf } from './upload.mjs'

/** @import { Call } from './model.mjs' */
/** @import { Schema } from './openapi.js' */

/**
 * The JSON of each branch, by the two segments above it: a process parses only those that it calls. Their shape is `Branch`
 * in lib/protocol/endpoints.ts.
 * @param {readonly Call[]} calls
 */
export function printFacts(calls) {
  /** @type {Branch} */
  const root = {}
  for (const call of calls) {
    const facts = factsOf(call)
    const server = call.operation.servers?.[0]?.url
    const prefixed = prefixedPath(call)
    put(root, call, call.path, { ...(server && { baseUri: `${server}/` }), ...facts })
    if (server && prefixed) put(root, call, prefixed, { ...elsewhere(new URL(server).origin), ...facts })
  }
  const branches = Object.entries(root.next ?? {}).map(([first, { next = {} }]) => {
    const texts = Object.entries(next).map(([second, branch]) => `'${second}': ${quoted(JSON.stringify(branch))},\n`)
    return `${first}: {\n${texts.join('')}},\n`
  })
  return `export const facts: Readonly<Record<string, Readonly<Record<string, string>>>> = {\n${branches.join('')}}\n`
}

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/**
 * @typedef {object} Branch
 * @property {Record<string, Record<string, unknown>>} [facts] By method.
 * @property {Record<string, Branch>} [next] By segment.
 */

/**
 * @param {Branch} root
 * @param {Call} call
 * @param {string} path
 * @param {Record<string, unknown>} facts
 */
function put(root, { method, operation }, path, facts) {
  const parameters = operation.parameters ?? []
  const mayHoldSlashes = (/** @type {string} */ name) => parameters.some(it => it.name === name && it['x-slashes'])
  let branch = root
  for (const segment of path.split('/')) {
    branch.next ??= {}
    const step = segment.replace(/^\{(.*)\}$/, (_, name) => (mayHoldSlashes(name) ? '{+}' : '{}'))
    branch = branch.next[step] ??= {}
  }
  branch.facts = { ...branch.facts, [method.toUpperCase()]: facts }
}

/** @param {string} origin */
function elsewhere(origin) {
  return origin === 'https://api.mch.weixin.qq.com' ? {} : { baseUri: `${origin}/` }
}

/**
 * The facts that differ from those of an ordinary endpoint.
 * @param {Call} call
 */
function factsOf(call) {
  const { operation, shared } = call
  const upload = uploadOf(call)
  const payload = payloadOf(operation)
  const query = operation.parameters?.filter(parameter => parameter.in === 'query') ?? []
  const response = Object.values(operation.responses).flatMap(({ content = {} }) => Object.values(content))[0]?.schema
  return pick({
    mutualTls: operation.security !== undefined,
    nonceless: operation['x-nonceless'],
    unsigned: operation['x-unsigned'],
    download: isDownload(operation),
    accepts: operation.responses[202] !== undefined,
    payload: payload?.option,
    signType: payload && signTypeOf(resolve(payload.schema, shared)),
    query: query.length > 0,
    upload: upload && { ...upload, meta: undefined },
    encrypted: encryptedFields(upload ? (upload.meta ?? {}) : (payload?.schema ?? {}), shared),
    encryptedQuery: query.filter(({ schema }) => schema['x-encrypted']).map(({ name }) => name),
    decrypted: encryptedFields(response ?? {}, shared),
    padding: operation['x-encrypted-padding'],
  })
}

/** @param {Record<string, unknown>} entries */
function pick(entries) {
  return Object.fromEntries(
    Object.entries(entries).filter(([, value]) => value && !(Array.isArray(value) && value.length === 0)),
  )
}

/**
 * The paths of the fields that are encrypted: `/payer/name`, and `/list/[]/name` for each of a list.
 * @param {Schema} schema
 * @param {Record<string, Schema>} shared
 * @param {string} [path]
 * @returns {string[]}
 */
export function encryptedFields(schema, shared, path = '') {
  if (schema.$ref) return encryptedFields(resolve(schema, shared), shared, path)
  if (schema['x-encrypted']) return [path]
  const found = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
      encryptedFields(field, shared, `${path}/${name}`),
    ),
    ...(schema.items ? encryptedFields(schema.items, shared, `${path}/[]`) : []),
    ...partsOf(schema).flatMap(part => encryptedFields(part, shared, path)),
  ]
  return [...new Set(found)]
}
