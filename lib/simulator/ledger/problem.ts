/** WeChat Pay's refusals: what a handler throws, and the JSON that it becomes on the wire. */
import { ApiError } from '../../errors.js'

/** What WeChat Pay says about the field of a `PARAM_ERROR`, or about the reason of a `SIGN_ERROR`. */
export interface ProblemDetail {
  /** A JSON pointer into the body, or the name of a parameter. */
  field?: string
  value?: unknown
  issue: string
  location: 'body' | 'query' | 'url' | 'header' | 'authorization'
  sign_information?: SignInformation
}

/** What the simulator verified, to be compared with what the client signed. */
export interface SignInformation {
  method: string
  url: string
  /** The five lines, with only the first bytes of the body. */
  truncated_sign_message: string
  /** Bytes of the five lines, the whole body included. */
  sign_message_length: number
}

export function problem(statusCode: number, code: string, message: string, detail?: ProblemDetail): ApiError {
  return new ApiError(message, { statusCode, code, detail, retryable: statusCode === 429 || statusCode >= 500 })
}

export function parameterError(message: string, detail: ProblemDetail): ApiError {
  return problem(400, 'PARAM_ERROR', message, detail)
}

/** 401: `field` is the parameter at fault, `sign` what was verified. */
export function signError(message: string, field: string, issue: string, sign?: SignInformation): ApiError {
  const information = sign && { sign_information: sign }
  return problem(401, 'SIGN_ERROR', message, { field, issue, location: 'authorization', ...information })
}

/** WeChat Pay sends the fields in this order, `detail` only when there is one. */
export function problemBody({ code, message, detail }: ApiError): string {
  return JSON.stringify({ code, message, detail })
}
