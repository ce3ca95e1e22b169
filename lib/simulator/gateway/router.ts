/** Finds the endpoint for a method and a path. */
import { problem } from '../ledger/problem.js'

/** A response before it is signed. An empty `body` means no body. */
export interface EndpointResponse {
  statusCode: number
  body: string
  /** A download, sent unsigned instead of `body`. */
  file?: ResponseFile
}

export interface ResponseFile {
  contentType: string
  /** The SHA-1 in hex of a statement, which is signed in place of its bytes. Other files are not signed. */
  sha1?: string
  open(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

interface Route {
  readonly method: string
  /** The documented path, such as `/v3/pay/transactions/id/{transaction_id}`. */
  readonly path: string
}

interface Node<R extends Route> {
  readonly literals: Map<string, Node<R>>
  placeholder: Node<R> | undefined
  readonly routes: Map<string, R>
}

/** A literal segment takes precedence over a placeholder, regardless of the order of the routes. */
export class Router<R extends Route> {
  readonly #root: Node<R> = createNode()

  constructor(routes: readonly R[]) {
    for (const route of routes) {
      let node = this.#root
      for (const segment of segments(route.path)) node = grow(node, segment)
      node.routes.set(route.method, route)
    }
  }

  /**
   * `path` is the raw path without the query.
   *
   * @throws ApiError 404 for an unknown path, 405 for a method that the path does not support.
   */
  find(method: string, path: string): { route: R; params: Record<string, string> } {
    const node = descend(this.#root, segments(path), 0)
    if (node === undefined) {
      throw problem(404, 'RESOURCE_NOT_EXISTS', `The simulator has no endpoint ${method} ${path}`)
    }
    const route = node.routes.get(method)
    if (route === undefined) {
      const allowed = [...node.routes.keys()].join(', ')
      throw problem(405, 'INVALID_REQUEST', `${path} does not support ${method}. Use ${allowed}.`)
    }
    return { route, params: fill(route.path, path) }
  }
}

function createNode<R extends Route>(): Node<R> {
  return { literals: new Map(), placeholder: undefined, routes: new Map() }
}

function segments(path: string): string[] {
  return path.split('/').slice(1)
}

function isPlaceholder(segment: string): boolean {
  return segment.startsWith('{') && segment.endsWith('}')
}

function grow<R extends Route>(node: Node<R>, segment: string): Node<R> {
  if (isPlaceholder(segment)) {
    node.placeholder ??= createNode()
    return node.placeholder
  }
  const child = node.literals.get(segment) ?? createNode<R>()
  node.literals.set(segment, child)
  return child
}

function descend<R extends Route>(node: Node<R>, path: readonly string[], depth: number): Node<R> | undefined {
  const segment = path[depth]
  if (segment === undefined) return node.routes.size > 0 ? node : undefined
  const literal = node.literals.get(segment)
  const found = literal && descend(literal, path, depth + 1)
  if (found || segment === '' || node.placeholder === undefined) return found
  return descend(node.placeholder, path, depth + 1)
}

function fill(template: string, path: string): Record<string, string> {
  const values = segments(path)
  const pairs = segments(template).flatMap((segment, index): [string, string][] =>
    isPlaceholder(segment) ? [[segment.slice(1, -1), decode(values[index] ?? '')]] : [],
  )
  return Object.fromEntries(pairs)
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    throw problem(400, 'PARAM_ERROR', '输入源“/path”不是合法的百分号编码', {
      value,
      issue: 'invalid percent-encoding',
      location: 'url',
    })
  }
}
