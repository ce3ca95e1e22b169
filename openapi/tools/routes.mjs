/** Prints the flat maps: from a path to its node, and from a method and path to its operation. */
import { allNodes, plant } from './nodes.mjs'
import { printCall } from './operations.mjs'

/** @import { Call } from './model.mjs' */

/** @param {readonly Call[]} calls */
export function printRoutes(calls) {
  const nodes = [...plant(calls).values()].flatMap(allNodes).filter(node => node.calls.length > 0)
  /** @param {boolean} ofBrands */
  const routes = ofBrands =>
    nodes
      .filter(({ path }) => path.startsWith('brand/') === ofBrands)
      .map(({ path, name }) => `  readonly '${path}': ${path.startsWith('v2/') ? 'V2' : 'V3'}.${name}\n`)
      .join('')
  const operations = calls.map(call => {
    const module = call.api === 'v2' ? 'V2' : 'V3'
    const { data } = printCall(call)
    const type = data.startsWith(call.name) ? `${module}.${data}` : data
    return `  '${call.method} /${call.path}': Operation<${module}.${call.name}, ${type}>\n`
  })
  return `import type { Operation } from '../call.js'
import type * as V2 from './v2.js'
import type * as A from './v2-responses.js'
import type * as V3 from './v3.js'
import type * as S from './v3-schemas.js'
/** The documented paths of merchants. */
export interface Routes {
${routes(false)}}
/** The documented paths of brands. */
export interface BrandRoutes {
${routes(true)}}
/** Every documented operation, by its method and path. */
export interface Operations {
${operations.join('')}}
`
}
