/** Answers of APIv2: told apart, verified by their `sign`, and parsed. */
import { Readable } from 'node:stream'
import type { Settings } from '../../config/settings.js'
import { InvalidArgumentError, OUTCOME_UNKNOWN, SignatureError, WechatPayError } from '../../errors.js'
import { requestIdOf, WechatPayResponse } from '../../response.js'
import type { IncomingResponse } from '../../transport/send.js'
import { collect } from '../../util/collect.js'
import { peek } from '../../util/peek.js'
import { toObject } from '../../xml/parse.js'
import type { Call } from '../call.js'
import { decryptData } from '../sensitive-fields.js'
import type { V2Facts } from './endpoints.js'
import { httpError, isSuccess, refusal, type V2Data } from './error.js'
import { verifyV2 } from './signature.js'

interface Context {
  call: Call
  facts: V2Facts
  settings: Settings
  /** The key that the request was signed with. */
  secret: string
}

/** Longer than any message of APIv2, see `toObject`; what begins as one is read to its end. */
const LARGEST_MESSAGE = 1 << 20
/** Bytes that tell XML from a file. */
const TELLTALE = 64

/**
 * @throws ApiError for a refusal, SignatureError for a `sign` that is missing or wrong, WechatPayError for what is no
 *   answer of APIv2 (as rejections).
 */
export async function readV2(
  answer: IncomingResponse,
  context: Context,
): Promise<WechatPayResponse<unknown, Buffer | Readable>> {
  const { statusCode, headers, body } = answer
  const requestId = requestIdOf(headers)
  if (body instanceof Readable) {
    const { beginning, stream } = await peek(body, TELLTALE)
    // A download that fails comes as XML, with 200 all the same.
    if (isXml(beginning)) return readV2({ ...answer, body: await readMessage(stream) }, context)
    return new WechatPayResponse({ statusCode, headers, data: undefined, body: stream, requestId })
  }
  if (statusCode < 200 || statusCode >= 300) throw httpError(answer, body, context)
  const data = parse(body, context.facts)
  if (typeof data !== 'string') judge(data, answer, context)
  const opened = await decryptData(data, context.call, context.settings)
  return new WechatPayResponse({ statusCode, headers, data: opened, body, requestId })
}

async function readMessage(stream: Readable): Promise<Buffer> {
  const message = await collect(stream, LARGEST_MESSAGE)
  if (!message) throw malformed(`an XML message of more than ${LARGEST_MESSAGE} bytes.`)
  return message
}

function parse(body: Buffer, facts: V2Facts): V2Data | string {
  if (facts.unsigned && /^\s*\{/.test(textAtStart(body))) return parseJson(body)
  if (facts.answersText && !isXml(body)) return body.toString()
  try {
    return toObject(body)
  } catch (cause) {
    if (cause instanceof InvalidArgumentError) throw malformed(cause.message.replace(/^xml: found /, ''), cause)
    throw cause
  }
}

function parseJson(body: Buffer): V2Data {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw malformed('something like JSON that is none.', cause)
  }
}

function isXml(bytes: Buffer): boolean {
  return /^\uFEFF?\s*<(?:\?xml|xml\b)/.test(textAtStart(bytes))
}

function textAtStart(bytes: Buffer): string {
  return bytes.toString('utf8', 0, TELLTALE)
}

function judge(fields: V2Data, answer: IncomingResponse, context: Context): void {
  const { facts, secret } = context
  if (fields.return_code === undefined && fields.retcode === undefined) throw malformed('neither yes nor no.')
  const succeeded = isSuccess(fields)
  // Refusals often come without a `sign`, and so does everything from a sandbox; a `sign` that is there must be right.
  const mayLackSign = facts.isSandbox || !succeeded
  if (!facts.unsigned && (fields.sign || !mayLackSign)) requireSign(fields, secret, answer)
  if (!succeeded) throw refusal(fields, answer, context)
}

function requireSign(fields: V2Data, secret: string, { headers }: IncomingResponse): void {
  const requestId = requestIdOf(headers)
  if (!fields.sign) {
    throw new SignatureError(`The answer is not signed: it lacks \`sign\`. ${OUTCOME_UNKNOWN}`, {
      reason: 'headers',
      requestId,
    })
  }
  if (verifyV2(fields, secret)) return
  throw new SignatureError(
    `The answer's \`sign\` does not match: the answer was changed on its way, or \`secret\` is not the APIv2 key of this merchant. ${OUTCOME_UNKNOWN}`,
    { reason: 'mismatch', requestId },
  )
}

function malformed(found: string, cause?: unknown): WechatPayError {
  return new WechatPayError(`The answer is none of APIv2: found ${found} ${OUTCOME_UNKNOWN}`, {
    code: 'ERR_RESPONSE_FORMAT',
    cause,
  })
}
