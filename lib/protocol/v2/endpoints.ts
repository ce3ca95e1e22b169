/** What the client has to know about an endpoint of APIv2, beyond what is known of every endpoint. */
import { InvalidArgumentError } from '../../errors.js'
import type { Method } from '../../options.js'
import { type EndpointFacts, endpointFacts } from '../endpoints.js'

export interface V2Facts extends EndpointFacts {
  /** The field that holds the merchant number; undefined where none is documented. */
  merchantField: string | undefined
  /** Its parameters are signed in the query: a page, or a call by GET. */
  signsQuery: boolean
  /** Succeeds with something else than XML: a table, a page. */
  answersText: boolean
  /** Nothing there is real: answers without a signature are taken as they come. */
  isSandbox: boolean
}

const SANDBOX = /^\/(?:sandboxnew|xdc\/apiv2sandbox)(?=\/)/

/** The endpoints that call the merchant number otherwise than `mch_id`. */
const MERCHANT_FIELDS: ReadonlyMap<string, string | undefined> = new Map([
  ['/applyment/micro/signcontract', undefined],
  ['/mmpaymkttransfers/promotion/transfers', 'mchid'],
  ['/pay/closecombinedorder', 'combine_mch_id'],
  ['/pay/combinedorder', 'combine_mch_id'],
  ['/pay/querycombinedorder', 'combine_mch_id'],
  ['/pay/settlementquery', 'mchid'],
])

/** Where the payer is asked to log in: the one page that is not signed. */
const UNSIGNED_PAGE = '/appauth/authindex'
/** Succeeds with a table, which has no place for a `sign`. */
const COMMENTS = '/billcommentsp/batchquerycomment'

/**
 * @param path As on the wire, without `v2/` and the query. Where it is not documented and in a sandbox, what is known of
 * the endpoint that it stands for.
 */
export function v2Facts(method: Method, path: string): V2Facts {
  const isSandbox = isSandboxPath(path)
  const real = path.replace(SANDBOX, '')
  const own = endpointFacts(method, `v2${path}`)
  const facts = own.documented ? own : endpointFacts(method, `v2${real}`)
  const isGet = method === 'GET'
  return {
    ...facts,
    mutualTls: facts.mutualTls && !isSandbox,
    nonceless: facts.nonceless || isGet || facts.payload === 'file',
    merchantField: facts.documented && !MERCHANT_FIELDS.has(real) ? 'mch_id' : MERCHANT_FIELDS.get(real),
    signsQuery: isGet && path !== UNSIGNED_PAGE,
    answersText: isGet || path === COMMENTS,
    isSandbox,
  }
}

function isSandboxPath(path: string): boolean {
  return SANDBOX.test(path)
}

// The property chain spells a capital letter as a dash and a small one; these are the only paths that have any.
const CAPITALS = /^\/secapi\/mch\/(add|modify|query)-institutionsub(?=\?|$)/

/**
 * The path and query as on the wire. `isSandbox` says that the call may only go to a sandbox: `v2/pay/micropay` becomes
 * that of the sandbox, and a path that names a sandbox stays.
 * @throws InvalidArgumentError for an endpoint that no sandbox has.
 */
export function v2Target(written: string, isSandbox: boolean): string {
  const target = written.slice('/v2'.length).replace(CAPITALS, '/secapi/mch/$1Institutionsub')
  if (!isSandbox || isSandboxPath(target)) return target
  if (target.startsWith('/pay/')) return `/xdc/apiv2sandbox${target}`
  throw new InvalidArgumentError(
    `\`sandbox\` is on, and no sandbox has ${target.split('?', 1)[0]}: only paths under v2/pay/. Set \`sandbox: false\` to send it to the real WeChat Pay.`,
  )
}
