/** WeChat Pay's refusals in APIv3 as errors; their bodies are not verified, so they are used to classify, not to act. */

import type { Settings } from '../../config/settings.js'
import { ApiError, OUTCOME_UNKNOWN } from '../../errors.js'
import type { Destination } from '../../transport/destination.js'
import { requestIdOf } from '../../transport/headers.js'
import type { IncomingResponse } from '../../transport/send.js'
import { isRecord } from '../../util/plain-object.js'
import type { Call } from '../call.js'
import type { Payload } from '../payload.js'

interface Context {
  call: Call
  payload: Payload
  from: Destination
  settings: Settings
}

interface Problem {
  code?: unknown
  message?: unknown
  detail?: unknown
}

export function apiError({ statusCode, headers }: IncomingResponse, body: Buffer, context: Context): ApiError {
  const problem = readProblem(body)
  const code = typeof problem.code === 'string' && problem.code !== '' ? problem.code : `HTTP_${statusCode}`
  // Nobody has signed it: what could break or hide a line of a log is left out.
  const message = typeof problem.message === 'string' ? problem.message.replace(/\p{Cc}+/gu, ' ') : ''
  const said = message === '' ? '' : `: ${message}`
  const { method, template } = context.call
  const advice = code === 'SIGN_ERROR' ? signatureAdvice(problem.detail, context) : adviceFor(statusCode)
  return new ApiError(
    `${method} /${template} was answered with ${statusCode} ${code}${said}${issueOf(problem.detail)}. ${advice}`,
    {
      code,
      statusCode,
      detail: problem.detail,
      requestId: requestIdOf(headers),
      retryable: statusCode === 429 || statusCode >= 500,
    },
  )
}

function readProblem(body: Buffer): Problem {
  try {
    const parsed: unknown = JSON.parse(body.toString())
    return isRecord(parsed) ? parsed : {}
  } catch {
    return {}
  }
}

// `detail.value` echoes what was sent, which may be personal data, and stays out of the message.
function issueOf(detail: unknown): string {
  if (!isRecord(detail)) return ''
  const { field, issue } = detail
  const parts = [field, issue].filter(part => typeof part === 'string' && part !== '')
  return parts.length > 0 ? ` (${parts.join(': ')})` : ''
}

function adviceFor(statusCode: number): string {
  if (statusCode < 400) return 'Redirects are not followed: check `base_uri`.'
  if (statusCode === 429) return 'Too many calls: wait, then repeat with the same business number.'
  if (statusCode >= 500) return OUTCOME_UNKNOWN
  return 'Repeating it unchanged will not help.'
}

function signatureAdvice(detail: unknown, { call, payload, from, settings }: Context): string {
  const path = from.path.replace(/(?<=\?.{199}).*/s, '')
  const signed = `${call.method} ${path}, ${payload.signed.length} bytes of body`
  const seen = isRecord(detail) && isRecord(detail.sign_information) ? detail.sign_information : {}
  const theirs =
    typeof seen.method === 'string' && typeof seen.url === 'string' ? ` WeChat Pay saw ${seen.method} ${seen.url}.` : ''
  return (
    `Signed was ${signed}, for mchid ${settings.mchid} with the key of serial ${settings.signer.serial}.${theirs} ` +
    'Check that `privateKey` belongs to `serial`, `serial` to `mchid`, and that the clock is right.'
  )
}
