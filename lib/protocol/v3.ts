/** APIv3: JSON, signed with the merchant's key; every answer is verified before it is handed out. */
import { Readable } from 'node:stream'
import { InvalidArgumentError, WechatPayError } from '../errors.js'
import * as Formatter from '../formatter.js'
import { WechatPayResponse } from '../response.js'
import type { Settings } from '../settings.js'
import { collect } from '../transport/collect.js'
import type { Clock } from '../transport/retry.js'
import type { IncomingAnswer, OutgoingRequest } from '../transport/send.js'
import { userAgent } from '../version.js'
import { apiError } from './api-error.js'
import type { Call, PreparedCall } from './call.js'
import { endpointFacts } from './endpoints.js'
import { headerLine, readHeaders, requestIdOf } from './headers.js'
import { jsonPayload, NO_PAYLOAD, type Payload, rawPayload } from './payload.js'
import { openData } from './sensitive-fields.js'
import { isStatement, signedDigest, verifiedStatement } from './statement.js'
import { verifyAnswer } from './verify-answer.js'

const ACCEPT = 'application/json, text/plain, application/x-gzip, application/pdf, image/png, image/*;q=0.5'

/** @throws InvalidArgumentError (as a rejection) for a payload that APIv3 cannot carry. */
export async function prepareV3(call: Call, settings: Settings, clock: Clock): Promise<PreparedCall> {
  const payload = await readPayload(call)
  // By the path as it will arrive: what it was filled with decides as well.
  const [pathname = ''] = call.target.split('?', 1)
  const unsigned = call.method === 'GET' && endpointFacts('GET', pathname).unsigned
  return {
    download: unsigned || (call.method === 'GET' && isStatement(call.target)),
    sign: url => signRequest(call, payload, url, settings, clock),
    read: (answer, url) => readAnswer(answer, { call, payload, url, unsigned, settings, clock }),
  }
}

async function readPayload(call: Call): Promise<Payload> {
  const { method, options } = call
  const given = (['json', 'xml', 'body', 'file'] as const).filter(name => options[name] !== undefined)
  const [kind, another] = given
  if (kind === undefined) return NO_PAYLOAD
  if (another)
    throw new InvalidArgumentError(`\`${kind}\` and \`${another}\` are both given: a request has one payload.`)
  if (kind === 'xml')
    throw new InvalidArgumentError('`xml` is the payload of APIv2 (paths under v2/); APIv3 takes `json`.')
  if (method === 'GET')
    throw new InvalidArgumentError(`A GET carries no \`${kind}\`; its parameters go into \`query\`.`)
  if (kind === 'json') return jsonPayload(options.json)
  return kind === 'file' ? (await import('./upload.js')).uploadPayload(call) : rawPayload(options.body)
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
  if (!Buffer.isBuffer(body)) return readDownload(answer, body, context)
  if (statusCode < 200 || statusCode >= 300) throw apiError(answer, body, context)
  if (!context.unsigned) await verify(body, answer, context)
  const data = await openData(parseBody(body, headers), context.call, context.settings)
  return new WechatPayResponse({ statusCode, headers, data, body, requestId })
}

async function readDownload(
  answer: IncomingAnswer,
  content: Readable,
  context: ReadContext,
): Promise<WechatPayResponse<undefined, Readable>> {
  const { statusCode, headers } = answer
  const body = context.unsigned ? content : await verifiedDownload(answer, content, context)
  return new WechatPayResponse({ statusCode, headers, data: undefined, body, requestId: requestIdOf(headers) })
}

async function verifiedDownload(answer: IncomingAnswer, content: Readable, context: ReadContext): Promise<Readable> {
  const digest = signedDigest(answer)
  // Without its digest it is signed as every other answer is, by its bytes.
  const signed = digest ?? (await collect(content))
  try {
    await verify(signed, answer, context)
  } catch (error) {
    content.destroy()
    throw error
  }
  return digest ? verifiedStatement(answer, content) : Readable.from([signed])
}

function verify(signed: Buffer, { headers }: IncomingAnswer, { settings, clock }: ReadContext): Promise<void> {
  const context = { headers, verifier: settings.verifier, now: clock.now(), requestId: requestIdOf(headers) }
  return verifyAnswer(signed, context)
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
