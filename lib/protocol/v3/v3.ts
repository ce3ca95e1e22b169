/** APIv3: JSON, signed with the merchant's key; every answer is verified before it is handed out. */
import { Readable } from 'node:stream'
import type { Settings } from '../../config/settings.js'
import { InvalidArgumentError, WechatPayError } from '../../errors.js'
import * as Formatter from '../../formatter.js'
import { WechatPayResponse } from '../../response.js'
import { collect } from '../../transport/collect.js'
import type { Destination } from '../../transport/destination.js'
import { headerLine, requestIdOf } from '../../transport/headers.js'
import type { Clock } from '../../transport/retry.js'
import type { IncomingResponse, OutgoingRequest } from '../../transport/send.js'
import { userAgent } from '../../version.js'
import type { BegunCall, Call, FilledCall } from '../call.js'
import { endpointFacts } from '../endpoints.js'
import { isForSandbox } from '../flags.js'
import { jsonPayload, NO_PAYLOAD, type Payload, rawPayload } from '../payload.js'
import { openData, type SealContext, sealCall } from '../sensitive-fields.js'
import { type Limits, within } from '../within.js'
import { apiError } from './error.js'
import { isStatement, signedDigest, verifiedStatement } from './statement.js'
import { verifyResponse } from './verify.js'

const PAYLOADS = ['json', 'xml', 'body', 'file'] as const
const ACCEPT = 'application/json, text/plain, application/x-gzip, application/pdf, image/png, image/*;q=0.5'

interface Context extends SealContext {
  clock: Clock
}

/**
 * Seals the call and makes its body.
 * @throws InvalidArgumentError (as a rejection) for a payload that APIv3 cannot carry, and for keys that are missing.
 */
export async function beginV3(filled: FilledCall, context: Context): Promise<BegunCall> {
  const { settings, verifier, clock } = context
  if (isForSandbox(filled.options, settings)) {
    throw new InvalidArgumentError(
      '`sandbox` is on, and APIv3 has no sandbox: this call would be a real one. Set `sandbox: false` if it is meant to be.',
    )
  }
  if (!settings.speaksV3) {
    throw new InvalidArgumentError(
      'This client speaks APIv2 alone: for APIv3 give Builder.factory `privateKey` and `serial` (or `merchant`), and `certs` or `apiv3Key`.',
    )
  }
  const call = await sealCall(filled, context)
  // Most payloads are there at once, and need no turn of the queue.
  const made = readPayload(call)
  const limits = { timeout: context.timeout, signal: call.options.signal }
  const payload = made instanceof Promise ? await within(made, limits) : made
  const unsigned = isUnsigned(call)
  return {
    call,
    prepared: {
      download: unsigned || (call.method === 'GET' && isStatement(call.target)),
      sign: (to, timeout) => signRequest(call, payload, to, { settings, clock, timeout }),
      read: (answer, from, timeout) =>
        readResponse(answer, { call, payload, from, unsigned, settings, verifier, clock, timeout }),
    },
  }
}

// By the path as it will arrive: what it was filled with decides as well.
function isUnsigned({ method, target }: Call): boolean {
  const [pathname = ''] = target.split('?', 1)
  return method === 'GET' && endpointFacts('GET', pathname).unsigned
}

function readPayload(call: Call): Payload | Promise<Payload> {
  const { method, options } = call
  const [kind, another] = PAYLOADS.filter(name => options[name] !== undefined)
  if (kind === undefined) return NO_PAYLOAD
  if (another)
    throw new InvalidArgumentError(`\`${kind}\` and \`${another}\` are both given: a request has one payload.`)
  if (kind === 'xml')
    throw new InvalidArgumentError('`xml` is the payload of APIv2 (paths under v2/); APIv3 takes `json`.')
  if (method === 'GET')
    throw new InvalidArgumentError(`A GET carries no \`${kind}\`; its parameters go into \`query\`.`)
  if (kind === 'json') return jsonPayload(options.json)
  return kind === 'file'
    ? import('../upload.js').then(({ uploadPayload }) => uploadPayload(call))
    : rawPayload(options.body)
}

async function signRequest(
  call: Call,
  payload: Payload,
  { origin, path }: Destination,
  { settings, clock, timeout }: Omit<Context, 'verifier'>,
): Promise<OutgoingRequest> {
  const { mchid, signer } = settings
  const { method } = call
  const timestamp = Math.floor(clock.now() / 1000)
  const nonce = Formatter.nonce()
  const message = Formatter.request(method, path, timestamp, nonce, payload.signed)
  const signing = signMessage(message, settings)
  // Made while the thread pool signs.
  const headers: Record<string, string> = { accept: ACCEPT, 'user-agent': userAgent }
  if (payload.contentType) headers['content-type'] = payload.contentType
  if (call.serial) headers['wechatpay-serial'] = call.serial
  Object.assign(headers, call.headers)
  const signature = await within(signing, { timeout, signal: call.options.signal })
  headers.authorization = Formatter.authorization(mchid, nonce, signature, timestamp, signer.serial)
  return { method, origin, path, headers, body: payload.body }
}

async function signMessage(message: Buffer, { signer }: Settings): Promise<string> {
  try {
    return await signer.sign(message)
  } catch (cause) {
    throw new WechatPayError('The signer failed, so this was not sent; its error is the cause.', {
      code: 'ERR_SIGNER',
      cause,
    })
  }
}

interface ReadContext extends Context {
  call: Call
  payload: Payload
  from: Destination
  unsigned: boolean
}

async function readResponse(
  answer: IncomingResponse,
  context: ReadContext,
): Promise<WechatPayResponse<unknown, Buffer | Readable>> {
  const { statusCode, headers, body } = answer
  const requestId = requestIdOf(headers)
  if (!Buffer.isBuffer(body)) return readDownload(answer, body, context)
  if (statusCode < 200 || statusCode >= 300) throw apiError(answer, body, context)
  if (!context.unsigned) await verify(body, answer, context)
  const opened = openData(parseBody(body, headers), context.call, context.settings)
  const data = opened instanceof Promise ? await within(opened, limitsOf(context)) : opened
  return new WechatPayResponse({ statusCode, headers, data, body, requestId })
}

async function readDownload(
  answer: IncomingResponse,
  content: Readable,
  context: ReadContext,
): Promise<WechatPayResponse<undefined, Readable>> {
  const { statusCode, headers } = answer
  const body = context.unsigned ? content : await verifiedDownload(answer, content, context)
  return new WechatPayResponse({ statusCode, headers, data: undefined, body, requestId: requestIdOf(headers) })
}

async function verifiedDownload(answer: IncomingResponse, content: Readable, context: ReadContext): Promise<Readable> {
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

function verify(signed: Buffer, { headers }: IncomingResponse, context: ReadContext): Promise<void> {
  const { verifier, clock } = context
  const limits = limitsOf(context)
  return verifyResponse(signed, { headers, verifier, now: clock.now(), requestId: requestIdOf(headers), limits })
}

function limitsOf({ call, timeout }: ReadContext): Limits {
  return { timeout, signal: call.options.signal, sent: true }
}

function parseBody(body: Buffer, headers: IncomingResponse['headers']): unknown {
  if (body.length === 0) return undefined
  const text = body.toString()
  if (!headerLine(headers, 'content-type').includes('json')) return text
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new WechatPayError('The answer is signed by WeChat Pay, but it is not JSON; the request was carried out.', {
      code: 'ERR_RESPONSE_FORMAT',
      cause,
    })
  }
}
