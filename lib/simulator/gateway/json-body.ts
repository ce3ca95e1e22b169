/** Reads the JSON of a request. */
import type { RawRequest } from '../http/server.js'
import { parameterError, problem } from '../ledger/problem.js'

/** @throws ApiError 415 for a different content type, 400 `PARAM_ERROR` for a body that is not JSON in UTF-8. */
export function readJson({ headers, body }: Pick<RawRequest, 'headers' | 'body'>): unknown {
  const type = headers['content-type'] ?? ''
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    throw problem(415, 'INVALID_REQUEST', 'Http头Content-Type必须是application/json', {
      field: 'content-type',
      value: type,
      issue: 'unsupported media type',
      location: 'header',
    })
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body))
  } catch {
    throw parameterError('无法解析请求的 JSON 包体', { field: '', issue: 'not valid JSON in UTF-8', location: 'body' })
  }
}
