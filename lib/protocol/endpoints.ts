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
  /** Its response is a file. */
  download: boolean
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

/** Parsed by the first call, in about a millisecond. */
let root: Branch | undefined

/** @param template The path, filled or not; the names of placeholders and the query do not matter. */
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

// A literal segment takes precedence over a placeholder: images/upload is not the image whose ID is `upload`. No placeholder is
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
