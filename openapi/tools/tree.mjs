/** Prints the calls and the chain that leads to them, a file for each API. */
import { allNodes, plant, printNode } from './nodes.mjs'
import { printCall } from './operations.mjs'

/** @import { Call } from './model.mjs' */

const imports = `import type { Readable } from 'node:stream'
import type { CommonOptions, FileInput } from '../../options.js'
import type { WechatPayResponse } from '../../response.js'
import type { Node, Numeric, OrRaw, QueryText, Signed, Sink } from '../call.js'
`

/**
 * @param {readonly Call[]} calls
 * @returns {Record<string, string>} By file.
 */
export function printTree(calls) {
  return {
    'v3.d.ts': print(
      calls.filter(({ api }) => api === 'v3'),
      "import type * as S from './v3-schemas.js'\n",
    ),
    'v2.d.ts': print(
      calls.filter(({ api }) => api === 'v2'),
      "import type * as A from './v2-responses.js'\nimport type * as R from './v2-requests.js'\n",
    ),
  }
}

/**
 * @param {readonly Call[]} calls
 * @param {string} schemas
 */
function print(calls, schemas) {
  const signatures = new Map(calls.map(call => [call.name, printCall(call)]))
  const declarations = [...signatures.values()].map(signature => signature.declarations)
  const nodes = [...plant(calls).values()].flatMap(allNodes).map(node => printNode(node, signatures))
  return imports + schemas + declarations.join('') + nodes.join('')
}
