/** Prints the chain: one interface per path, its verbs and its children. */

import { comment, documentation } from './describe.mjs'
import { prefixedPath } from './model.mjs'
import { key, pascalSegment, propertyNames } from './names.mjs'

/** @import { Call } from './model.mjs' */
/** @import { Signature } from './operations.mjs' */

/**
 * @typedef {object} Node
 * @property {string} name
 * @property {string} path
 * @property {Map<string, Node>} children By segment.
 * @property {Call[]} calls
 */

/**
 * The trees of the given calls, by their first segment.
 * @param {readonly Call[]} calls
 * @returns {Map<string, Node>}
 */
export function plant(calls) {
  /** @type {Node} */
  const root = { name: '', path: '', children: new Map(), calls: [] }
  for (const call of calls) {
    for (const path of [call.path, prefixedPath(call)]) if (path) walk(root, path).calls.push(call)
  }
  return root.children
}

/**
 * @param {Node} root
 * @param {string} path
 */
function walk(root, path) {
  let node = root
  for (const segment of path.split('/')) {
    let child = node.children.get(segment)
    if (!child) {
      child = {
        name: node.name + (segment === '' ? 'Index' : pascalSegment(segment)),
        path: node === root ? segment : `${node.path}/${segment}`,
        children: new Map(),
        calls: [],
      }
      node.children.set(segment, child)
    }
    node = child
  }
  return node
}

/**
 * @param {Node} node
 * @returns {Node[]}
 */
export function allNodes(node) {
  return [node, ...[...node.children.values()].flatMap(allNodes)]
}

/**
 * @param {Node} node
 * @param {ReadonlyMap<string, Signature>} signatures By the name of the call.
 */
export function printNode(node, signatures) {
  const own = node.calls.flatMap(call => {
    const { method, operation } = call
    const type = verbType(call, signatures)
    const child = node.children.get(method)
    // A segment that is also the name of a verb here can be called, and continued.
    return [
      property(method, child ? `(${type}) & ${child.name}` : type, documentation(operation)),
      property(`${method}Async`, child ? type : `${node.name}['${method}']`, operation.summary),
    ]
  })
  const verbs = new Set(node.calls.map(({ method }) => /** @type {string} */ (method)))
  const children = [...node.children].flatMap(([segment, child]) =>
    propertyNames(segment).flatMap(name => (verbs.has(name) ? [] : [property(name, child.name)])),
  )
  return `export interface ${node.name} extends Node<${node.name}> {\n${own.join('')}${children.join('')}}\n`
}

/**
 * @param {string} name
 * @param {string} type
 * @param {string} [text]
 */
function property(name, type, text = '') {
  return `${comment(text, '  ')}  readonly ${key(name)}: ${type}\n`
}

/**
 * @param {Call} call
 * @param {ReadonlyMap<string, Signature>} signatures
 */
function verbType(call, signatures) {
  const signature = signatures.get(call.name)
  if (!signature) throw new Error(`no signature for ${call.name}`)
  return `(${signature.options}) => Promise<${signature.response}>`
}
