/** The errors of APIv3. Their bodies are not verified, so they are used to classify, not to act. */

import type { Settings } from '../../config/settings.js'
import { ApiError, LONGEST_CODE, OUTCOME_UNKNOWN, oneLine } from '../../errors.js'
import { parseJson, type ResponseHeaders, requestIdOf } from '../../response.js'
import type { IncomingResponse } from '../../transport/send.js'
import type { Destination } from '../../transport/settings.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { isRecord } from '../../util/plain-object.js'
import type { Call } from '../call.js'
import type { Payload } from '../payload.js'
import { clockOffset } from './verify.js'

/** The request that failed. */
interface Failed {
  call: Call
  payload: Payload
  to: Destination
  settings: Settings
  now: EpochMilliseconds
}

interface Problem {
  code?: unknown
  message?: unknown
  detail?: unknown
}

/** The error for an HTTP 3xx, 4xx or 5xx, and for a 202 that is not the documented success. */
export function apiError({ statusCode, headers }: IncomingResponse, body: Buffer, failed: Failed): ApiError {
  const problem = readProblem(body)
  const code = codeOf(problem, statusCode)
  const said = reasonOf(problem)
  const { method, template } = failed.call
  const advice = code === 'SIGN_ERROR' ? signatureAdvice(problem.detail, failed, headers) : adviceFor(statusCode)
  return new ApiError(`${method} /${template} failed with ${statusCode} ${code}${said}. ${advice}`, {
    code,
    statusCode,
    detail: problem.detail,
    requestId: requestIdOf(headers),
    retryable: statusCode === 202 || statusCode === 408 || statusCode === 429 || statusCode >= 500,
  })
}

function readProblem(body: Buffer): Problem {
  try {
    const parsed = parseJson(body.toString())
    return isRecord(parsed) ? parsed : {}
  } catch {
    return {}
  }
}

function codeOf({ code }: Problem, statusCode: number): string {
  if (typeof code === 'number' || (typeof code === 'string' && code !== '')) {
    return oneLine(String(code), LONGEST_CODE)
  }
  return statusCode === 202 ? 'ACCEPTED' : `HTTP_${statusCode}`
}

/** Shorter values do not identify anyone, and removing them would damage other words. */
const SHORTEST_VALUE = 4

// `detail.value` repeats what was sent, which may be personal data. It stays out of the message, and so does a repetition.
function reasonOf({ message, detail }: Problem): string {
  const { field, issue, value }: Readonly<Record<string, unknown>> = isRecord(detail) ? detail : {}
  const quote = (part: unknown) => {
    if (typeof part !== 'string' || part === '') return []
    return [oneLine(typeof value === 'string' && value.length >= SHORTEST_VALUE ? part.replaceAll(value, '…') : part)]
  }
  const reasons = [...quote(field), ...quote(issue)].join(': ')
  return `${quote(message)
    .map(said => `: ${said}`)
    .join('')}${reasons && ` (${reasons})`}`
}

function adviceFor(statusCode: number): string {
  if (statusCode === 202)
    return 'It was accepted, but is not complete: query the order every few seconds until its state is final.'
  if (statusCode < 400) return 'Redirects are not followed. Check `base_uri`.'
  if (statusCode === 408) return 'The request did not arrive in time: retry with the same merchant order number.'
  if (statusCode === 429) return 'Too many requests: wait, then retry with the same merchant order number.'
  if (statusCode >= 500) return OUTCOME_UNKNOWN
  return 'Do not retry without changing the request.'
}

// Paths are compared here rather than shown: their placeholders and queries hold an openid or a phone number.
function signatureAdvice(
  detail: unknown,
  { call, payload, to, settings, now }: Failed,
  headers: ResponseHeaders,
): string {
  const size = payload.signed.length
  const covered = `${call.method} /${call.template} with ${size === 0 ? 'no' : `a ${size}-byte`} body`
  const seen = isRecord(detail) && isRecord(detail.sign_information) ? detail.sign_information : {}
  return (
    `The signature covered ${covered}, for ${settings.caller.option} ${settings.caller.id}, signed with certificate serial ${settings.signer.serial}.${differenceOf(seen, call.method, to.path)} ` +
    `Check that \`privateKey\` belongs to \`serial\`, that \`serial\` belongs to \`${settings.caller.option}\`, and that this machine's clock is right${clockOffset(headers, now)}.`
  )
}

function differenceOf({ method, url }: Readonly<Record<string, unknown>>, sentMethod: string, path: string): string {
  if (typeof method !== 'string' || typeof url !== 'string') return ''
  const different = [...(method === sentMethod ? [] : ['method']), ...(url === path ? [] : ['URL'])].join(' and ')
  return different === ''
    ? ' WeChat Pay saw the same method and URL.'
    : ` WeChat Pay saw a different ${different}: compare \`error.detail.sign_information\`. A proxy may have changed it.`
}
