/** The responses of APIv2: recognised, verified by their `sign`, and parsed. */
import { Readable } from 'node:stream'
import type { Settings } from '../../config/settings.js'
import { InvalidArgumentError, OUTCOME_UNKNOWN, SignatureError, WechatPayError } from '../../errors.js'
import { parseJson, requestIdOf, WechatPayResponse } from '../../response.js'
import type { IncomingResponse } from '../../transport/send.js'
import { collect } from '../../util/collect.js'
import { peek } from '../../util/peek.js'
import { isRecord } from '../../util/plain-object.js'
import { toObject } from '../../xml/parse.js'
import type { Call } from '../call.js'
import { refusePartial } from '../download.js'
import { decryptData } from '../sensitive-fields.js'
import type { V2Facts } from './endpoints.js'
import { businessError, httpError, isSuccess, type V2Data } from './error.js'
import { verifyV2 } from './signature.js'

interface Context {
  call: Call
  facts: V2Facts
  settings: Settings
  /** The key that the request was signed with. */
  secret: string
}

/** Bytes; more than any message of APIv2 has, see `toObject`. */
const LARGEST_MESSAGE = 1 << 20
/** Bytes that are enough to tell XML from a file. */
const TELLTALE = 64

/**
 * @throws ApiError for a failure that WeChat Pay reports, SignatureError for a missing or wrong `sign`, WechatPayError if it
 *   is not a valid APIv2 response (as rejections).
 */
export async function readV2(
  response: IncomingResponse,
  context: Context,
): Promise<WechatPayResponse<unknown, Buffer | Readable>> {
  const { statusCode, headers, body } = response
  const { deadline } = context.call
  const requestId = requestIdOf(headers)
  if (body instanceof Readable) {
    refusePartial(response, context.call.headers)
    const { beginning, stream } = await deadline.read(body, content => peek(content, TELLTALE))
    // A download that fails is XML, and still has the status 200.
    if (isXml(beginning)) return readV2({ ...response, body: await deadline.read(stream, readMessage) }, context)
    return new WechatPayResponse({ statusCode, headers, data: undefined, body: stream, requestId })
  }
  if (statusCode < 200 || statusCode >= 300) throw httpError(response, body, context)
  const parsed = parse(body, context.facts)
  if (typeof parsed !== 'string') requireSuccess(parsed, response, context)
  const data = await decryptData(parsed, { facts: context.facts, options: context.call.options }, context.settings)
  return new WechatPayResponse({ statusCode, headers, data, body, requestId })
}

async function readMessage(stream: Readable): Promise<Buffer> {
  const message = await collect(stream, LARGEST_MESSAGE)
  if (!message) throw malformed(`the XML has more than ${LARGEST_MESSAGE} bytes`)
  return message
}

function parse(body: Buffer, facts: V2Facts): V2Data | string {
  if (facts.unsigned && /^\uFEFF?\s*\{/.test(beginningOf(body))) return parseFields(body)
  if (facts.mayBePlain && !isXml(body)) return body.toString()
  try {
    return toObject(body)
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause
    // The first sentence of the parser's message; the others are advice for an argument.
    const [fault = ''] = cause.message.replace('`xml`', 'its body').split(/\. [A-Z]/, 1)
    throw malformed(fault, body, cause)
  }
}

function parseFields(body: Buffer): V2Data {
  try {
    const parsed = parseJson(body.toString())
    if (isRecord(parsed)) return parsed
  } catch {
    // No cause: the error of a parser quotes the content.
  }
  throw malformed('the body looks like JSON but does not parse', body)
}

function isXml(bytes: Buffer): boolean {
  return /^\uFEFF?\s*<(?:\?xml|xml\b)/.test(beginningOf(bytes))
}

function beginningOf(bytes: Buffer): string {
  return bytes.toString('utf8', 0, TELLTALE)
}

function requireSuccess(fields: V2Data, response: IncomingResponse, context: Context): void {
  const { facts, secret } = context
  if (fields.return_code === undefined && fields.retcode === undefined) {
    throw malformed('it has neither return_code nor retcode', response.body)
  }
  const succeeded = isSuccess(fields)
  // Failures often have no `sign`, and neither does anything from a sandbox; but if there is a `sign`, it must be right.
  const mayLackSign = facts.isSandbox || !succeeded
  if (!facts.unsigned && (fields.sign || !mayLackSign)) requireSign(fields, secret, response)
  if (!succeeded) throw businessError(fields, response, context)
}

function requireSign(fields: V2Data, secret: string, { headers }: IncomingResponse): void {
  const requestId = requestIdOf(headers)
  if (!fields.sign) {
    throw new SignatureError(`The response is not signed: \`sign\` is missing. ${OUTCOME_UNKNOWN}`, {
      reason: 'headers',
      requestId,
    })
  }
  if (verifyV2(fields, secret)) return
  throw new SignatureError(
    `The \`sign\` of the response does not match: the response was changed in transit, or \`secret\` is not the APIv2 key of this merchant. ${OUTCOME_UNKNOWN}`,
    { reason: 'mismatch', requestId },
  )
}

function malformed(fault: string, body?: unknown, cause?: unknown): WechatPayError {
  const bytes = Buffer.isBuffer(body) ? body : undefined
  const where = bytes ? ' Its bytes are in `error.body`.' : ''
  return new WechatPayError(`Not a valid APIv2 response: ${fault}.${where} ${OUTCOME_UNKNOWN}`, {
    code: 'ERR_RESPONSE_FORMAT',
    body: bytes,
    cause,
  })
}
