/** The errors of APIv3. Their bodies are not verified, so they are used to classify, not to act. */

import type { Settings } from '../../config/settings.js'
import { ApiError, OUTCOME_UNKNOWN } from '../../errors.js'
import { requestIdOf } from '../../response.js'
import type { IncomingResponse } from '../../transport/send.js'
import type { Destination } from '../../transport/settings.js'
import { isRecord } from '../../util/plain-object.js'
import type { Call } from '../call.js'
import type { Payload } from '../payload.js'

/** The request that failed. */
interface Failed {
  call: Call
  payload: Payload
  to: Destination
  settings: Settings
}

interface Problem {
  code?: unknown
  message?: unknown
  detail?: unknown
}

export function apiError({ statusCode, headers }: IncomingResponse, body: Buffer, failed: Failed): ApiError {
  const problem = readProblem(body)
  const code = typeof problem.code === 'string' && problem.code !== '' ? problem.code : `HTTP_${statusCode}`
  // It is not signed, so control characters, which could break or hide a line of a log, are removed.
  const message = typeof problem.message === 'string' ? problem.message.replace(/\p{Cc}+/gu, ' ') : ''
  const said = message === '' ? '' : `: ${message}`
  const { method, template } = failed.call
  const advice = code === 'SIGN_ERROR' ? signatureAdvice(problem.detail, failed) : adviceFor(statusCode)
  return new ApiError(
    `${method} /${template} failed with ${statusCode} ${code}${said}${issueOf(problem.detail)}. ${advice}`,
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

// `detail.value` repeats what was sent, which may be personal data, so it stays out of the message.
function issueOf(detail: unknown): string {
  if (!isRecord(detail)) return ''
  const { field, issue } = detail
  const parts = [field, issue].filter(part => typeof part === 'string' && part !== '')
  return parts.length > 0 ? ` (${parts.join(': ')})` : ''
}

function adviceFor(statusCode: number): string {
  if (statusCode < 400) return 'Redirects are not followed. Check `base_uri`.'
  if (statusCode === 429) return 'Too many requests: wait, then retry with the same merchant order number.'
  if (statusCode >= 500) return OUTCOME_UNKNOWN
  return 'Do not retry without changing the request.'
}

function signatureAdvice(detail: unknown, { call, payload, to, settings }: Failed): string {
  const path = to.path.replace(/(?<=\?.{199}).*/s, '')
  const size = payload.signed.length
  const covered = `${call.method} ${path} with ${size === 0 ? 'no' : `a ${size}-byte`} body`
  const seen = isRecord(detail) && isRecord(detail.sign_information) ? detail.sign_information : {}
  const theirs =
    typeof seen.method === 'string' && typeof seen.url === 'string' ? ` WeChat Pay saw ${seen.method} ${seen.url}.` : ''
  return (
    `The signature covered ${covered}, for mchid ${settings.mchid}, signed with certificate serial ${settings.signer.serial}.${theirs} ` +
    "Check that `privateKey` belongs to `serial`, that `serial` belongs to `mchid`, and that this machine's clock is right."
  )
}
