/** The errors of APIv2. Most are not signed, so they are used to classify, not to act. */

import type { Settings } from '../../config/settings.js'
import { ApiError, LONGEST_CODE, OUTCOME_UNKNOWN, oneLine } from '../../errors.js'
import { requestIdOf } from '../../response.js'
import type { IncomingResponse } from '../../transport/send.js'
import { isRecord } from '../../util/plain-object.js'
import type { Call } from '../call.js'

/** A parsed response. In XML every value is a string, a list or fields; in JSON it may be anything. */
export type V2Data = Readonly<Record<string, unknown>>

interface Context {
  call: Call
  settings: Settings
}

const RETRY = 'Retry with the same merchant order number, or query it.'
const POLL = 'The payment is in progress: query the order every few seconds until its state is final, or reverse it.'

/** What to do about the codes with advice of their own. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['SYSTEMERROR', RETRY],
  ['SYSTEM_ERROR', RETRY],
  ['BIZERR_NEED_RETRY', RETRY],
  ['BIZ_ERR_NEED_RETRY', RETRY],
  ['FREQUENCY_LIMITED', RETRY],
  ['FREQUENCY_LIMIT_EXCEED', RETRY],
  ['FREQ_LIMIT', RETRY],
  ['RATELIMIT_EXCEED', RETRY],
  ['USERPAYING', POLL],
  ['BANKERROR', POLL],
  ['CERT_ERROR', 'Check that `merchant` is the API certificate of this mchid, and that it has not been replaced.'],
])
const UNCHANGED = 'Do not retry without changing the request.'

/** Whether WeChat Pay carried out the call. JSON says so by `retcode`. */
export function isSuccess({ return_code, result_code = 'SUCCESS', retcode }: V2Data): boolean {
  return return_code === undefined ? String(retcode) === '0' : return_code === 'SUCCESS' && result_code === 'SUCCESS'
}

/** The error for an HTTP 200 whose content reports a failure. */
export function businessError(fields: V2Data, { headers, statusCode }: IncomingResponse, context: Context): ApiError {
  const code = oneLine(firstString(fields.err_code, fields.error_code, fields.retcode) ?? 'FAIL', LONGEST_CODE)
  const said = firstString(
    fields.err_code_des,
    fields.error_code_des,
    fields.result_msg,
    fields.return_msg,
    fields.retmsg,
  )
  const isAboutSign = code === 'SIGNERROR' || (code === 'FAIL' && /签名|sign/i.test(said ?? ''))
  const isAboutCertificate = code === 'CERT_ERROR' && hasDispatcher(context)
  const known = isAboutCertificate ? OWN_CONNECTIONS : ADVICE.get(code)
  const advice = isAboutSign ? signatureAdvice(context) : (known ?? UNCHANGED)
  return new ApiError(`${subject(context.call)} failed with ${code}${quote(said)}. ${advice}`, {
    code,
    statusCode,
    detail: fields,
    requestId: requestIdOf(headers),
    retryable: ADVICE.get(code) === RETRY,
  })
}

/** The error for an HTTP 3xx, 4xx or 5xx. */
export function httpError({ statusCode, headers }: IncomingResponse, body: Buffer, context: Context): ApiError {
  const code = `HTTP_${statusCode}`
  return new ApiError(`${subject(context.call)} failed with ${code}. ${httpAdvice(statusCode, body, context)}`, {
    code,
    statusCode,
    detail: body.toString('utf8', 0, 4096),
    requestId: requestIdOf(headers),
    retryable: statusCode === 408 || statusCode === 429 || statusCode >= 500,
  })
}

function httpAdvice(statusCode: number, body: Buffer, context: Context): string {
  if (statusCode < 400)
    return 'Redirects are not followed. If this is a page for the browser, use Invoke.contractPage for its URL; otherwise check `base_uri`.'
  if (statusCode === 408) return 'The request did not arrive in time: retry with the same merchant order number.'
  if (statusCode === 429) return 'Too many requests: wait, then retry with the same merchant order number.'
  if (statusCode >= 500) return OUTCOME_UNKNOWN
  if (!body.includes('SSL certificate')) return UNCHANGED
  return hasDispatcher(context)
    ? OWN_CONNECTIONS
    : 'The merchant certificate was not presented or not accepted: set `merchant`, and `security: true` for an endpoint that is not in the catalogue.'
}

const OWN_CONNECTIONS =
  'The merchant certificate was not presented or not accepted: `dispatcher` makes the connection, so it must present the certificate itself. For a proxy, set `proxy` instead, which presents `merchant`.'

function hasDispatcher({ call, settings }: Context): boolean {
  return (call.options.dispatcher ?? settings.transport.dispatcher) !== undefined
}

function signatureAdvice({ call, settings }: Context): string {
  const { xml } = call.options
  const given = isRecord(xml) ? xml : {}
  const type = firstString(given.sign_type) ?? call.facts.signType ?? 'MD5'
  const named = firstString(given.mch_id, given.mchid, given.combine_mch_id)
  const other = named === undefined || named === settings.caller.id ? '' : ` But the message names merchant ${named}.`
  return (
    `The request was signed with ${type} using the \`secret\` of mchid ${settings.caller.id}.${other} ` +
    'Check that `secret` is the APIv2 key (账户中心 → API安全 → APIv2密钥), not the APIv3 key, and that `sign_type` is the one that the endpoint requires.'
  )
}

function subject({ method, template }: Call): string {
  return `${method} /${template}`
}

function quote(said: string | undefined): string {
  return said === undefined ? '' : `: ${oneLine(said)}`
}

function firstString(...values: unknown[]): string | undefined {
  const found = values.find(value => (typeof value === 'string' && value !== '') || typeof value === 'number')
  return found === undefined ? undefined : String(found)
}
