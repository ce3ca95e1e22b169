/** APIv3: JSON, signed with the merchant's key; every answer is verified before it is handed out. */
import type { Readable } from 'node:stream'
import { InvalidArgumentError, WechatPayError } from '../errors.js'
import * as Formatter from '../formatter.js'
import { WechatPayResponse } from '../response.js'
import type { Settings } from '../settings.js'
import type { Clock } from '../transport/retry.js'
import type { IncomingAnswer, OutgoingRequest } from '../transport/send.js'
import { userAgent } from '../version.js'
import { apiError } from './api-error.js'
import type { Call, PreparedCall } from './call.js'
import { headerLine, readHeaders, requestIdOf } from './headers.js'
import { jsonPayload, NO_PAYLOAD, type Payload, rawPayload } from './payload.js'
import { openData } from './sensitive-fields.js'
import { statementDigest } from './statement.js'
import { isUnsigned } from './unsigned.js'
import { verifyAnswer } from './verify-answer.js'

const ACCEPT = 'application/json, text/plain, application/x-gzip, application/pdf, image/png, image/*;q=0.5'

/** @throws InvalidArgumentError (as a rejection) for a payload that APIv3 cannot carry. */
export async function prepareV3(call: Call, settings: Settings, clock: Clock): Promise<PreparedCall> {
  const payload = await readPayload(call)
  const unsigned = call.method === 'GET' && isUnsigned(call.target)
  return {
    download: unsigned,
    sign: url => signRequest(call, payload, url, settings, clock),
    read: (answer, url) => readAnswer(answer, { call, payload, url, unsigned, settings, clock }),
  }
}

async function readPayload({ method, options }: Call): Promise<Payload> {
  const given = (['json', 'xml', 'body', 'file'] as const).filter(name => options[name] !== undefined)
  const [kind, another] = given
  if (kind === undefined) return NO_PAYLOAD
  if (another)
    throw new InvalidArgumentError(`\`${kind}\` and \`${another}\` are both given: a request has one payload.`)
  if (kind === 'xml')
    throw new InvalidArgumentError('`xml` is the payload of APIv2 (paths under v2/); APIv3 takes `json`.')
  if (method === 'GET')
    throw new InvalidArgumentError(`A GET carries no \`${kind}\`; its parameters go into \`query\`.`)
  return kind === 'json' ? jsonPayload(options.json) : rawPayload(options.body)
}

async function signRequest(
  call: Call,
  payload: Payload,
  url: URL,
  settings: Settings,
  clock: Clock,
): Promise<OutgoingRequest> {
  const { mchid, signer } = settings
  const timestamp = String(Math.floor(clock.now() / 1000))
  const nonce = Formatter.nonce()
  const message = Formatter.request(call.method, url.pathname + url.search, timestamp, nonce, payload.signed)
  const signature = await signMessage(message, settings)
  const headers: Record<string, string> = { accept: ACCEPT, 'user-agent': userAgent }
  if (payload.contentType) headers['content-type'] = payload.contentType
  if (call.serial) headers['wechatpay-serial'] = call.serial
  Object.assign(headers, settings.headers, readHeaders(call.options.headers))
  headers.authorization = Formatter.authorization(mchid, nonce, signature, timestamp, signer.serial)
  return { method: call.method, url, headers, body: payload.body }
}

async function signMessage(message: Buffer, { signer }: Settings): Promise<string> {
  try {
    return await signer.sign(message)
  } catch (cause) {
    throw new WechatPayError('The signer failed, so nothing was sent; its error is the cause.', {
      code: 'ERR_SIGNER',
      cause,
    })
  }
}

interface ReadContext {
  call: Call
  payload: Payload
  url: URL
  unsigned: boolean
  settings: Settings
  clock: Clock
}

async function readAnswer(
  answer: IncomingAnswer,
  context: ReadContext,
): Promise<WechatPayResponse<unknown, Buffer | Readable>> {
  const { statusCode, headers, body } = answer
  const requestId = requestIdOf(headers)
  if (!Buffer.isBuffer(body)) return new WechatPayResponse({ statusCode, headers, data: undefined, body, requestId })
  if (statusCode < 200 || statusCode >= 300) throw apiError(answer, body, context)
  if (!context.unsigned) {
    const signed = statementDigest(context.call.target, headers, body) ?? body
    await verifyAnswer(signed, { headers, verifier: context.settings.verifier, now: context.clock.now(), requestId })
  }
  const data = await openData(parseBody(body, headers), context.call, context.settings)
  return new WechatPayResponse({ statusCode, headers, data, body, requestId })
}

function parseBody(body: Buffer, headers: IncomingAnswer['headers']): unknown {
  if (body.length === 0) return undefined
  const text = body.toString()
  if (!headerLine(headers, 'content-type').includes('json')) return text
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new WechatPayError('The answer is signed by WeChat Pay, but it is not JSON; the request was carried out.', {
      code: 'ERR_ANSWER_FORMAT',
      cause,
    })
  }
}
