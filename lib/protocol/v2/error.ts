/** WeChat Pay's refusals in APIv2 as errors; most of them are not signed, so they are used to classify, not to act. */

import type { Settings } from '../../config/settings.js'
import { ApiError, OUTCOME_UNKNOWN } from '../../errors.js'
import { requestIdOf } from '../../response.js'
import type { IncomingResponse } from '../../transport/send.js'
import { isRecord } from '../../util/plain-object.js'
import type { Call } from '../call.js'

/** A parsed answer: of XML every value is a text, a list or fields again; of JSON it may be anything. */
export type V2Data = Readonly<Record<string, unknown>>

interface Context {
  call: Call
  settings: Settings
}

const REPEAT = 'Repeat it with the same business number, or query that number.'
const POLL = 'The payment is under way: query the order every few seconds until its state is final, or reverse it.'

/** What to do about the codes that have a cure of their own. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['SYSTEMERROR', REPEAT],
  ['SYSTEM_ERROR', REPEAT],
  ['BIZERR_NEED_RETRY', REPEAT],
  ['BIZ_ERR_NEED_RETRY', REPEAT],
  ['FREQUENCY_LIMITED', REPEAT],
  ['FREQUENCY_LIMIT_EXCEED', REPEAT],
  ['FREQ_LIMIT', REPEAT],
  ['RATELIMIT_EXCEED', REPEAT],
  ['USERPAYING', POLL],
  ['BANKERROR', POLL],
  ['CERT_ERROR', 'Check that `merchant` is the API certificate of this mchid, and that it has not been replaced.'],
])

const LONGEST_QUOTE = 200

/** Whether WeChat Pay says that it carried the call out. JSON says so by `retcode`. */
export function isSuccess({ return_code, result_code = 'SUCCESS', retcode }: V2Data): boolean {
  return return_code === undefined ? String(retcode) === '0' : return_code === 'SUCCESS' && result_code === 'SUCCESS'
}

/** An HTTP 200 whose content says no. */
export function refusal(fields: V2Data, { headers, statusCode }: IncomingResponse, context: Context): ApiError {
  const code = firstText(fields.err_code, fields.error_code, fields.retcode) ?? 'FAIL'
  const said = firstText(
    fields.err_code_des,
    fields.error_code_des,
    fields.result_msg,
    fields.return_msg,
    fields.retmsg,
  )
  const isAboutSign = code === 'SIGNERROR' || (code === 'FAIL' && /签名|sign/i.test(said ?? ''))
  const advice = isAboutSign ? signatureAdvice(context) : (ADVICE.get(code) ?? 'Repeating it unchanged will not help.')
  return new ApiError(`${subject(context.call)} was answered with ${code}${quote(said)}. ${advice}`, {
    code,
    statusCode,
    detail: fields,
    requestId: requestIdOf(headers),
    retryable: ADVICE.get(code) === REPEAT,
  })
}

/** An HTTP 3xx, 4xx or 5xx. */
export function httpError({ statusCode, headers }: IncomingResponse, body: Buffer, { call }: Context): ApiError {
  const code = `HTTP_${statusCode}`
  return new ApiError(`${subject(call)} was answered with ${code}. ${httpAdvice(statusCode, body)}`, {
    code,
    statusCode,
    detail: body.toString('utf8', 0, 4096),
    requestId: requestIdOf(headers),
    retryable: statusCode === 429 || statusCode >= 500,
  })
}

function httpAdvice(statusCode: number, body: Buffer): string {
  if (statusCode < 400)
    return 'Redirects are not followed: a page is for the browser (Invoke.contractPage makes its address); else check `base_uri`.'
  if (statusCode === 429) return 'Too many calls: wait, then repeat with the same business number.'
  if (statusCode >= 500) return OUTCOME_UNKNOWN
  return body.includes('SSL certificate')
    ? 'The merchant certificate was not shown or not accepted: set `merchant`, and `security: true` for an endpoint that the catalogue does not know.'
    : 'Repeating it unchanged will not help.'
}

function signatureAdvice({ call, settings }: Context): string {
  const { xml } = call.options
  const given = isRecord(xml) ? xml : {}
  const type = firstText(given.sign_type) ?? call.facts.signType ?? 'MD5'
  const named = firstText(given.mch_id, given.mchid, given.combine_mch_id)
  const other =
    named === undefined || named === settings.mchid ? '' : ` The message is in the name of ${named}, though.`
  return (
    `Signed was with ${type} and the \`secret\` of mchid ${settings.mchid}.${other} ` +
    'Check that `secret` is the APIv2 key (账户中心 → API安全 → APIv2密钥), not the APIv3 key, and that `sign_type` is what the endpoint wants.'
  )
}

function subject({ method, template }: Call): string {
  return `${method} /${template}`
}

function quote(said: string | undefined): string {
  // As in APIv3, nobody may have signed it.
  return said === undefined ? '' : `: ${said.replace(/\p{Cc}+/gu, ' ').slice(0, LONGEST_QUOTE)}`
}

function firstText(...values: unknown[]): string | undefined {
  const found = values.find(value => (typeof value === 'string' && value !== '') || typeof value === 'number')
  return found === undefined ? undefined : String(found)
}
