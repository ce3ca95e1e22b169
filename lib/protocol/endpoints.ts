/** What the catalogue says about an endpoint at run time; of an undocumented one, that nothing is known. */
import type { Method } from '../options.js'
import { facts } from '../types/generated/facts.js'
import { memoize } from '../util/memoize.js'

/** How the form of an upload is made up. */
export interface UploadFacts {
  /** The name of the part that holds the file. */
  part: string
  /** The field that holds the digest, in lower-case hex. */
  digestField: string
  digest: 'sha256' | 'sm3' | 'md5'
  /** The field that holds the file's name, where there is one. */
  nameField?: string
  /** Fields that have one value only. */
  fixed: Readonly<Record<string, string>>
}

export interface EndpointFacts {
  documented: boolean
  /** What it is documented under, when that is not https://api.mch.weixin.qq.com/; a path in it is signed. */
  baseUri?: string
  /** Needs the merchant certificate. */
  mutualTls: boolean
  /** APIv2 without `nonce_str`. */
  nonceless: boolean
  /** WeChat Pay does not sign its answer. */
  unsigned: boolean
  /** Answers with a file. */
  download: boolean
  /** The option that takes its payload. */
  payload?: 'json' | 'xml' | 'file'
  /** APIv2: the one algorithm that it may be signed with, which `sign_type` has to name. */
  signType?: string
  /** Whether parameters are documented that go into the query. */
  query: boolean
  upload?: UploadFacts
  /**
   * The fields of the payload (of an upload: of its meta) that are sent encrypted, as paths: `/payer/name`, and
   * `/list/[]/name` for each of a list.
   */
  encrypted: readonly string[]
  /** The parameters of the query that are sent encrypted. */
  encryptedQuery: readonly string[]
  /** The fields of the answer that arrive encrypted for the merchant, as paths. */
  decrypted: readonly string[]
  /** How sensitive fields are padded. */
  padding: 'oaep' | 'pkcs1'
}

/** What is known at one path, and where it goes on: `{}` stands for a placeholder, `{+}` for one that may hold slashes. */
interface Branch {
  readonly facts?: { readonly [Name in Method]?: Partial<EndpointFacts> }
  readonly next?: Readonly<Record<string, Branch>>
}

const unknownEndpoint: Readonly<EndpointFacts> = Object.freeze({
  documented: false,
  mutualTls: false,
  nonceless: false,
  unsigned: false,
  download: false,
  query: false,
  encrypted: [],
  encryptedQuery: [],
  decrypted: [],
  padding: 'oaep',
})

/** Parsed on the first call, in about a millisecond. */
let root: Branch | undefined

/**
 * @param template The path as the chain hands it on, filled or not: the names of placeholders do not count, nor does
 * a query.
 */
export function endpointFacts(method: Method, template: string): Readonly<EndpointFacts> {
  return factsAt(template).get(method) ?? unknownEndpoint
}

const factsAt = memoize((template): ReadonlyMap<string, Readonly<EndpointFacts>> => {
  root ??= parse()
  const { facts = {} } = branchAt(root, segmentsOf(template), 0) ?? {}
  return new Map(
    Object.entries(facts).map(([method, found]) => [
      method,
      Object.freeze({ ...unknownEndpoint, documented: true, ...found }),
    ]),
  )
})

function parse(): Branch {
  return JSON.parse(facts)
}

function segmentsOf(template: string): string[] {
  const [path = ''] = template.replace(/\{[?&][^}]*\}/g, '').split('?')
  return path.replace(/^\//, '').replaceAll('{empty}', '').split('/')
}

// A literal segment comes before a placeholder: images/upload is not the image whose id is `upload`. No placeholder is
// empty.
function branchAt(branch: Branch, segments: readonly string[], depth: number): Branch | undefined {
  const segment = segments[depth]
  if (segment === undefined) return branch.facts && branch
  const { next = {} } = branch
  const literal = !segment.includes('{') && Object.hasOwn(next, segment) ? next[segment] : undefined
  const filled = segment === '' ? undefined : next['{}']
  for (const follower of [literal, filled]) {
    const found = follower && branchAt(follower, segments, depth + 1)
    if (found) return found
  }
  return segments.slice(depth).some(Boolean) ? next['{+}'] : undefined
}
