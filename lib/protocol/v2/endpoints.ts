/** The facts about an APIv2 endpoint, in addition to those about every endpoint. */
import { InvalidArgumentError } from '../../errors.js'
import type { Method } from '../../options.js'
import { type EndpointFacts, endpointFacts } from '../endpoints.js'

export interface V2Facts extends EndpointFacts {
  /** The field with the merchant number; undefined where the documents have no such field. */
  merchantField: string | undefined
  /** Its parameters are signed in the query: a page, or a GET. */
  signsQuery: boolean
  /** A successful response may be something other than XML: a table, a page. */
  mayBePlain: boolean
  /** Nothing is real there: responses without a signature are accepted. */
  isSandbox: boolean
}

const SANDBOX = /^\/(?:sandboxnew|xdc\/apiv2sandbox)(?=\/)/

/** The endpoints whose merchant number is not called `mch_id`. */
const MERCHANT_FIELDS: ReadonlyMap<string, string | undefined> = new Map([
  ['/applyment/micro/signcontract', undefined],
  ['/mmpaymkttransfers/promotion/transfers', 'mchid'],
  ['/pay/closecombinedorder', 'combine_mch_id'],
  ['/pay/combinedorder', 'combine_mch_id'],
  ['/pay/querycombinedorder', 'combine_mch_id'],
  ['/pay/settlementquery', 'mchid'],
])

/** The login page for the payer, the only page that is not signed. */
const UNSIGNED_PAGE = '/appauth/authindex'
/** Its successful response is a table, which has no `sign`. */
const COMMENTS = '/billcommentsp/batchquerycomment'

/**
 * @param path As it is sent, without `v2/` and the query. A sandbox path that is not documented has the facts of the real
 * endpoint.
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
    merchantField: MERCHANT_FIELDS.has(real) ? MERCHANT_FIELDS.get(real) : 'mch_id',
    signsQuery: isGet && path !== UNSIGNED_PAGE,
    mayBePlain: isGet || path === COMMENTS,
    isSandbox,
  }
}

function isSandboxPath(path: string): boolean {
  return SANDBOX.test(path)
}

// The property chain writes a capital letter as a dash and a small letter; only these paths have capital letters.
const CAPITALS = /^\/secapi\/mch\/(add|modify|query)-institutionsub(?=\?|$)/

/**
 * The path and query as they are sent. With `isSandbox` the call may only go to a sandbox: `v2/pay/micropay` becomes the
 * sandbox's path, and a path that names a sandbox stays.
 *
 * @throws InvalidArgumentError for an endpoint that is not in any sandbox.
 */
export function v2Target(written: string, isSandbox: boolean): string {
  const target = written.slice('/v2'.length).replace(CAPITALS, '/secapi/mch/$1Institutionsub')
  if (!isSandbox || isSandboxPath(target)) return target
  if (target.startsWith('/pay/')) return `/xdc/apiv2sandbox${target}`
  throw new InvalidArgumentError(
    `\`sandbox\` must be false for ${target.split('?', 1)[0]}: the sandbox has only paths under v2/pay/. Set \`sandbox: false\` to make a real call.`,
  )
}
