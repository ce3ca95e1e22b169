/** The catalogue's facts about an endpoint at run time. */
import type { Method } from '../options.js'
import { facts } from '../types/generated/facts.js'
import { memoize } from '../util/memoize.js'

/** The form of an upload. */
export interface UploadFacts {
  /** The name of the part with the file. */
  part: string
  /** The field with the digest, in lower-case hex. */
  digestField: string
  digest: 'sha256' | 'sm3' | 'md5'
  /** The field with the file's name, if there is one. */
  nameField?: string
  /** Fields with a fixed value. */
  fixed: Readonly<Record<string, string>>
}

export interface EndpointFacts {
  documented: boolean
  /** The documented base URI if it is not https://api.mch.weixin.qq.com/; a path in it is signed. */
  baseUri?: string
  /** Needs the merchant certificate. */
  mutualTls: boolean
  /** APIv2: has no `nonce_str`. */
  nonceless: boolean
  /** WeChat Pay does not sign its response. */
  unsigned: boolean
  /** Whether its response is a file. */
  download: boolean
  /** The status 202 is its documented success. */
  accepts: boolean
  /** The option for its payload. */
  payload?: 'json' | 'xml' | 'file'
  /** APIv2: the only algorithm that it may be signed with, which `sign_type` must name. */
  signType?: string
  /** Whether it has documented query parameters. */
  query: boolean
  upload?: UploadFacts
  /**
   * The fields of the payload (for an upload: of its meta) that must be encrypted, as paths: `/payer/name`, and
   * `/list/[]/name` for the entries of a list.
   */
  encrypted: readonly string[]
  /** The query parameters that must be encrypted. */
  encryptedQuery: readonly string[]
  /** The fields of the response that arrive encrypted for the merchant, as paths. */
  decrypted: readonly string[]
  /** The padding of encrypted fields. */
  padding: 'oaep' | 'pkcs1'
}

/** The facts at one path, and the next segments: `{}` stands for a placeholder, `{+}` for one whose value may contain slashes. */
interface Branch {
  readonly facts?: { readonly [Name in Method]?: Partial<EndpointFacts> }
  /** A string is the JSON of a branch. */
  readonly next?: Record<string, Branch | string>
}

const unknownEndpoint: Readonly<EndpointFacts> = Object.freeze({
  documented: false,
  mutualTls: false,
  nonceless: false,
  unsigned: false,
  download: false,
  accepts: false,
  query: false,
  encrypted: [],
  encryptedQuery: [],
  decrypted: [],
  padding: 'oaep',
})

let root: Branch | undefined

function tree(): Branch {
  root ??= {
    next: Object.fromEntries(Object.entries(facts).map(([first, branches]) => [first, { next: { ...branches } }])),
  }
  return root
}

/** The branch at a segment. Most processes call few endpoints, so each part of the tree is parsed when it is reached first. */
function follow({ next }: Branch, segment: string): Branch | undefined {
  if (!next || !Object.hasOwn(next, segment)) return undefined
  const found = next[segment]
  if (typeof found !== 'string') return found
  const branch: Branch = JSON.parse(found)
  next[segment] = branch
  return branch
}

/**
 * @param path The path as it is sent, or as it is documented: the names of placeholders and the query do not matter. The values
 *   of placeholders do, since they may make it the path of a different endpoint.
 */
export function endpointFacts(method: Method, path: string): Readonly<EndpointFacts> {
  return factsAt(path)[method] ?? unknownEndpoint
}

type FactsByMethod = { readonly [Name in Method]?: Readonly<EndpointFacts> }

const factsAt = memoize((path): FactsByMethod => {
  const branch = branchAt(tree(), segmentsOf(path), 0)
  return branch ? factsOf(branch) : {}
})

const completed = new WeakMap<Branch, FactsByMethod>()

function factsOf(branch: Branch): FactsByMethod {
  const known = completed.get(branch)
  if (known) return known
  const entries = Object.entries(branch.facts ?? {}).map(([method, found]) => [
    method,
    Object.freeze({ ...unknownEndpoint, documented: true, ...found }),
  ])
  const facts: FactsByMethod = Object.fromEntries(entries)
  completed.set(branch, facts)
  return facts
}

function segmentsOf(path: string): string[] {
  const [pathname = ''] = path.includes('{') ? withoutPlaceholders(path).split('?', 1) : path.split('?', 1)
  return (pathname.startsWith('/') ? pathname.slice(1) : pathname).split('/')
}

/** Without those of the query, and of an empty segment. */
function withoutPlaceholders(template: string): string {
  return template.replace(/\{[?&][^}]*\}/g, '').replaceAll('{empty}', '')
}

// A literal segment takes precedence over a placeholder: images/upload is not the image whose ID is `upload`. No placeholder is
// empty.
function branchAt(branch: Branch, segments: readonly string[], depth: number): Branch | undefined {
  const segment = segments[depth]
  if (segment === undefined) return branch.facts && branch
  const literal = segment.includes('{') ? undefined : follow(branch, segment)
  const filled = segment === '' ? undefined : follow(branch, '{}')
  for (const follower of [literal, filled]) {
    const found = follower && branchAt(follower, segments, depth + 1)
    if (found) return found
  }
  return segments.slice(depth).some(Boolean) ? follow(branch, '{+}') : undefined
}

/**
 * A path for logs and metrics: without its query, and with `{}` where a value may be written. A segment of a path that is not
 * documented is taken for a name if it consists of small letters and dashes.
 */
export function withoutValues(path: string): string {
  const segments = segmentsOf(path)
  const names = namesAt(tree(), segments, 0) ?? segments.map(segment => (NAME.test(segment) ? segment : '{}'))
  return names.join('/')
}

const NAME = /^(?:v\d|[a-z]+(?:-[a-z]+)*|.*\{.*|)$/

function namesAt(branch: Branch, segments: readonly string[], depth: number): string[] | undefined {
  const segment = segments[depth]
  if (segment === undefined) return branch.facts && []
  const followers: [name: string, Branch | undefined][] = [
    [segment, follow(branch, segment)],
    [segment.includes('{') ? segment : '{}', segment === '' ? undefined : follow(branch, '{}')],
  ]
  for (const [name, follower] of followers) {
    const names = follower && namesAt(follower, segments, depth + 1)
    if (names) return [name, ...names]
  }
  return follow(branch, '{+}') && ['{+}']
}

/**
 * Whether the last segment of a path can only be the value of a placeholder: no documented path has that segment there, and
 * some have a placeholder.
 */
export function endsInValue(path: string): boolean {
  const segments = segmentsOf(path)
  const last = segments.pop() ?? ''
  let branches: readonly Branch[] = [tree()]
  for (const segment of segments) branches = branches.flatMap(branch => followersOf(branch, segment))
  return !branches.some(branch => follow(branch, last)) && branches.some(branch => followersOf(branch, last).length > 0)
}

function followersOf(branch: Branch, segment: string): Branch[] {
  const literal = segment.startsWith('{') ? undefined : follow(branch, segment)
  return [literal, follow(branch, '{}'), follow(branch, '{+}')].filter(found => found !== undefined)
}

/** A documented path that a path was probably meant to be, and its facts. */
export interface NearMiss {
  /** Without a leading slash; `{}` stands for a placeholder. */
  readonly path: string
  readonly facts: Readonly<EndpointFacts>
}

/** The documented path that differs from a path only by the case, by slashes or by percent-encoding. */
export function nearMiss(method: Method, path: string): NearMiss | undefined {
  const segments = segmentsOf(path).flatMap(segment => decode(segment).toLowerCase().split('/'))
  return nearMissAt(
    tree(),
    segments.filter(segment => segment !== ''),
    [],
    method,
  )
}

function nearMissAt(
  branch: Branch,
  [segment, ...rest]: readonly string[],
  above: readonly string[],
  method: Method,
): NearMiss | undefined {
  if (segment === undefined) {
    const facts = factsOf(branch)[method]
    if (facts) return { path: above.join('/'), facts }
    const empty = follow(branch, '')
    return empty && nearMissAt(empty, [], [...above, ''], method)
  }
  for (const name of Object.keys(branch.next ?? {})) {
    if (name.toLowerCase() !== segment && name !== '{}') continue
    const next = follow(branch, name)
    const found = next && nearMissAt(next, rest, [...above, name], method)
    if (found) return found
  }
  return undefined
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

const IMAGE = /^v3\/(?:global\/)?merchant-service\/images\/\{media_id\}$/

/**
 * The values of the placeholders, with the ID of an image decoded: WeChat Pay gives it out percent-encoded in URLs, and it
 * must not be encoded twice.
 */
export function decodeMediaId(template: string, values: Record<string, unknown>): Record<string, unknown> {
  const { media_id } = values
  // No ID has a percent sign of its own.
  if (typeof media_id !== 'string' || !media_id.includes('%') || !IMAGE.test(template)) return values
  try {
    return { ...values, media_id: decodeURIComponent(media_id) }
  } catch {
    return values
  }
}
