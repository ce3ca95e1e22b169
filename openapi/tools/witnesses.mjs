/** Reads the other sources for the operations. openapi/witnesses/README.md describes the format. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { CORE_SCHEMA, loadAll } from 'js-yaml'

/**
 * @typedef {'samples' | 'sdk' | 'community'} Kind WeChat Pay's samples, its SDKs, or a different one.
 * @typedef {'query' | 'request' | 'response'} Side
 */

/**
 * @typedef {object} Fact What one source knows of a field.
 * @property {boolean | undefined} required
 * @property {string | undefined} type
 * @property {boolean} encrypted
 * @property {readonly string[]} values
 */

/**
 * @typedef {object} Witness
 * @property {string} name
 * @property {Kind} kind
 * @property {readonly string[]} fills Fields that its client fills in, so that it calls them optional.
 * @property {Record<string, Partial<Record<Side, Map<string, Fact>>>>} operations By the operation without the names of its
 *   placeholders; the fields by their paths: `list[].id`.
 */

/**
 * @typedef {{ [field: string]: Tree | string | null }} Tree
 */

const marks = /** @type {Record<string, boolean>} */ ({ '!': true, '?': false })
const types = new Set(['string', 'integer', 'number', 'boolean', 'object', 'unknown'])

/**
 * @param {string} folder
 * @returns {Witness[]}
 */
export function readWitnesses(folder) {
  return readdirSync(folder)
    .filter(file => file.endsWith('.yaml'))
    .sort()
    .map(file => readWitness(basename(file, '.yaml'), readFileSync(join(folder, file), 'utf8')))
}

/**
 * @param {string} name
 * @param {string} text
 * @returns {Witness}
 */
export function readWitness(name, text) {
  const [head, body] = loadAll(text, { schema: CORE_SCHEMA, filename: name })
  const { kind, fills = [] } = /** @type {{ kind: Kind, fills?: string[] }} */ (head)
  const operations = Object.entries(/** @type {Record<string, Partial<Record<Side, Tree>>>} */ (body))
  return {
    name,
    kind,
    fills,
    operations: Object.fromEntries(
      operations.map(([operation, sides]) => [
        anonymous(operation),
        Object.fromEntries(Object.entries(sides).map(([side, tree]) => [side, new Map(factsOf(tree))])),
      ]),
    ),
  }
}

/**
 * An operation without the names of its placeholders, which differ from source to source.
 * @param {string} operation
 */
export function anonymous(operation) {
  return operation.replace(/\{[^}]+\}/g, '{}')
}

/**
 * @param {Tree} tree
 * @param {string} [prefix]
 * @returns {[path: string, fact: Fact][]}
 */
function factsOf(tree, prefix = '') {
  return Object.entries(tree).flatMap(([key, value]) => {
    const [, name = '', mark = ''] = /^(.*?)([!?]?)$/.exec(key) ?? []
    const path = prefix + name
    const required = marks[mark]
    if (value !== null && typeof value === 'object') {
      const own = { required, type: 'object', encrypted: false, values: [] }
      return [[path, own], ...factsOf(value, `${path}.`)]
    }
    const words = value === null ? [] : value.split(' ')
    const type = words.find(word => types.has(word)) ?? 'string'
    const values = words.find(word => word !== 'encrypted' && !types.has(word))?.split('|') ?? []
    return [
      [path, { required, type: type === 'unknown' ? undefined : type, encrypted: words.includes('encrypted'), values }],
    ]
  })
}
