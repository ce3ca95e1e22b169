/** The errors of WeChat Pay: created for a handler to throw, and serialized for the response. */
import { ApiError } from '../../errors.js'

/** The `detail` of an error: the field of a `PARAM_ERROR`, or the reason for a `SIGN_ERROR`. */
export interface ProblemDetail {
  /** A JSON pointer into the body, or the name of a parameter. */
  field?: string
  value?: unknown
  issue: string
  location: 'body' | 'query' | 'url' | 'header' | 'authorization'
  sign_information?: SignInformation
}

/** The message that the simulator verified, for comparison with the one that the client signed. */
export interface SignInformation {
  method: string
  url: string
  /** The five lines of the message, with only the first characters of the body. */
  truncated_sign_message: string
  /** Length of the message in bytes, including the whole body. */
  sign_message_length: number
}

export function problem(statusCode: number, code: string, message: string, detail?: ProblemDetail): ApiError {
  return new ApiError(message, { statusCode, code, detail, retryable: statusCode === 429 || statusCode >= 500 })
}

export function parameterError(message: string, detail: ProblemDetail): ApiError {
  return problem(400, 'PARAM_ERROR', message, detail)
}

/** 401 `SIGN_ERROR`. `field` is the invalid parameter, `sign` the message that was verified. */
export function signError(message: string, field: string, issue: string, sign?: SignInformation): ApiError {
  const information = sign && { sign_information: sign }
  return problem(401, 'SIGN_ERROR', message, { field, issue, location: 'authorization', ...information })
}

/** Fields in the order of WeChat Pay; no `detail` when it is undefined. */
export function problemBody({ code, message, detail }: ApiError): string {
  return JSON.stringify({ code, message, detail })
}
