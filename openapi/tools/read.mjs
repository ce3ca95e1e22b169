/** Reads the folder of one API into an OpenAPI document: a file's place is its path, and what every file would repeat is filled in. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { CORE_SCHEMA, load } from 'js-yaml'
import { pascalPath } from './names.mjs'

/** @import { Api, Document, MediaType, Operation, OperationSource, PathItem, Schema } from './openapi.js' */

const catalogue = join(import.meta.dirname, '..')

/**
 * The folders with the paths of an API, and the path prefix of each.
 * @type {Record<Api, Record<string, string>>}
 */
const folders = { v3: { paths: '/v3/', brand: '/brand/', hk: '/hk/' }, v2: { paths: '/' } }

const statusText = /** @type {Record<string, string>} */ ({ 200: 'OK', 202: 'Accepted', 204: 'No Content' })

/**
 * @param {Api} api
 * @param {string} [root] The folder that holds the folders of both.
 * @returns {Document}
 */
export function readDocument(api, root = catalogue) {
  const head = /** @type {Omit<Document, 'paths' | 'webhooks'>} */ (readYaml(join(root, api, 'openapi.yaml')))
  return {
    ...head,
    paths: Object.fromEntries(
      Object.entries(folders[api]).flatMap(([folder, prefix]) =>
        Object.entries(readPaths(api, join(root, api, folder), prefix)),
      ),
    ),
    webhooks: mapEntries(readFolder(join(root, api, 'webhooks')), (name, source) => [
      name,
      completeWebhook(name, /** @type {OperationSource} */ (source)),
    ]),
    components: {
      ...head.components,
      schemas: /** @type {Record<string, Schema>} */ (readFolder(join(root, api, 'schemas'))),
    },
  }
}

/**
 * @param {Api} api
 * @param {string} folder
 * @param {string} prefix What goes before a file's place.
 * @returns {Record<string, PathItem>}
 */
function readPaths(api, folder, prefix) {
  return mapEntries(readFolder(folder), (name, item) => {
    const path = prefix + name.replace(/_empty_$/, '')
    const operations = /** @type {Record<string, OperationSource>} */ (item)
    return [path, mapEntries(operations, (method, source) => [method, completeOperation(api, path, method, source)])]
  })
}

/**
 * @param {string} folder
 * @returns {Record<string, unknown>} By the file's place, without its ending.
 */
function readFolder(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.yaml'))
  return Object.fromEntries(
    files
      .map(file => file.slice(0, -'.yaml'.length).split(sep).join('/'))
      .sort()
      .map(name => [name, readYaml(join(folder, `${name}.yaml`))]),
  )
}

/**
 * @param {string} file
 * @returns {unknown}
 */
function readYaml(file) {
  // The core schema leaves dates as strings.
  return load(readFileSync(file, 'utf8'), { schema: CORE_SCHEMA, filename: file })
}

/**
 * @template From, To
 * @param {Record<string, From>} record
 * @param {(key: string, value: From) => [string, To]} map
 * @returns {Record<string, To>}
 */
function mapEntries(record, map) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => map(key, value)))
}

/**
 * @param {Api} api
 * @param {string} path
 * @param {string} method
 * @param {OperationSource} source
 * @returns {Operation}
 */
function completeOperation(api, path, method, { parameters = [], requestBody, responses = { 200: {} }, ...rest }) {
  const described = new Set(parameters.map(({ name }) => name))
  const placeholders = [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name = '']) =>
    described.has(name)
      ? []
      : [
          {
            name,
            in: /** @type {const} */ ('path'),
            required: true,
            schema: { type: /** @type {const} */ ('string') },
          },
        ],
  )
  const all = [...placeholders, ...parameters]
  return {
    operationId: method + (api === 'v2' ? 'V2' : '') + pascalPath(path),
    ...rest,
    ...(all.length > 0 && { parameters: all }),
    ...(requestBody && { requestBody: completeBody(requestBody) }),
    responses: mapEntries(responses, (status, { content }) => [
      status,
      { description: statusText[status] ?? status, ...(content && { content: completeContent(content) }) },
    ]),
  }
}

/**
 * @param {string} name
 * @param {OperationSource} source
 * @returns {PathItem}
 */
function completeWebhook(name, { requestBody, ...rest }) {
  const named = /^[A-Z_.]+$/.test(name)
  return {
    post: {
      operationId: `notify${pascalPath(name)}`,
      ...(named && { 'x-event-types': [name] }),
      ...rest,
      ...(requestBody && { requestBody: completeBody(requestBody) }),
      responses: { 200: { description: 'OK' } },
    },
  }
}

/** @param {{ content: Record<string, MediaType> }} body */
function completeBody({ content }) {
  return { required: true, content: completeContent(content) }
}

/**
 * The root of APIv2's payloads and responses is always `<xml>`.
 * @param {Record<string, MediaType>} content
 */
function completeContent(content) {
  const xml = content['application/xml']
  if (!xml) return content
  return { ...content, 'application/xml': { ...xml, schema: { ...xml.schema, xml: { name: 'xml' } } } }
}
