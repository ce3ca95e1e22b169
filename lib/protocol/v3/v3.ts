/** APIv3: JSON, signed with the merchant's private key. Every response is verified before it is returned. */
import { Readable } from 'node:stream'
import { schemeOf } from '../../config/caller.js'
import type { Settings } from '../../config/settings.js'
import { type ApiError, InvalidArgumentError, WechatPayError } from '../../errors.js'
import * as Formatter from '../../formatter.js'
import type { OpenOptions } from '../../options.js'
import { headerLine, parseJson, type ResponseHeaders, requestIdOf, WechatPayResponse } from '../../response.js'
import { type IncomingResponse, type OutgoingRequest, readWhole } from '../../transport/send.js'
import type { Destination } from '../../transport/settings.js'
import type { Verifier } from '../../trust/verifier.js'
import { userAgent } from '../../version.js'
import type { Call, Exchange } from '../call.js'
import { refusePartial } from '../download.js'
import { jsonPayload, NO_PAYLOAD, type Payload, rawPayload, requirePayload } from '../payload.js'
import { decryptData, type Encrypted, encryptCall } from '../sensitive-fields.js'
import { apiError } from './error.js'
import { signedDigest, verifiedStatement } from './statement.js'
import { verifyResponse } from './verify.js'

const PAYLOADS = ['json', 'xml', 'body', 'file'] as const
const ACCEPT = 'application/json, text/plain, application/x-gzip, application/pdf, image/png, image/*;q=0.5'
const STATEMENTS = new Set(['/v3/statements', '/hk/v3/statements', '/v3/global/statements', '/global/v3/statements'])

/** What an exchange needs of its client. */
export interface V3Client {
  readonly settings: Settings
  /** Verifies the response, and encrypts for WeChat Pay. */
  readonly verifier: Verifier
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Encrypts a call and encodes its payload.
 *
 * @throws InvalidArgumentError (as a rejection) for a payload that APIv3 cannot carry, and for missing keys.
 */
export async function openV3(call: Call, client: V3Client): Promise<Exchange> {
  const { settings, verifier } = client
  if (call.file) return openFile(call, client)
  refuseSandbox(call, settings)
  refuseWithoutKeys(settings)
  const encrypted = await encryptCall(call, settings, verifier)
  // Most payloads are encoded at once, without a turn of the queue.
  const made = encodePayload(call, encrypted.options)
  const payload = made instanceof Promise ? await call.deadline.wait(made) : made
  return new V3Exchange(call, encrypted, payload, client)
}

// WeChat Pay does not sign these files, so no key of WeChat Pay is needed.
function openFile(call: Call, client: V3Client): Exchange {
  if (call.file?.isApi) refuseWithoutKeys(client.settings)
  return new V3Exchange(call, { target: call.path, options: call.options, serial: undefined }, NO_PAYLOAD, client)
}

function refuseSandbox({ options }: Call, settings: Settings): void {
  if (!(options.sandbox ?? settings.sandbox)) return
  throw new InvalidArgumentError(
    '`sandbox` must be false for APIv3, which has no sandbox: this would be a real call. Set `sandbox: false` to make it.',
  )
}

function refuseWithoutKeys({ supportsV3 }: Settings): void {
  if (supportsV3) return
  throw new InvalidArgumentError(
    'This client is configured for APIv2 only. For APIv3, give Builder.factory `privateKey` and `serial` (or `merchant`), and `certs` or `apiv3Key`.',
  )
}

function encodePayload(call: Call, options: OpenOptions): Payload | Promise<Payload> {
  const { method } = call
  const [kind, second] = PAYLOADS.filter(name => options[name] !== undefined)
  if (kind === undefined) {
    requirePayload(call, call.facts)
    return NO_PAYLOAD
  }
  if (second)
    throw new InvalidArgumentError(
      `\`${kind}\` and \`${second}\` must not be given together. A request has one payload.`,
    )
  if (kind === 'xml')
    throw new InvalidArgumentError('`xml` is the payload of APIv2 (paths under v2/). For APIv3 use `json`.')
  if (method === 'GET')
    throw new InvalidArgumentError(`A GET must not have a payload; got \`${kind}\`. Pass its parameters in \`query\`.`)
  if (kind === 'json') return jsonPayload(options.json)
  return kind === 'file'
    ? import('../upload.js').then(({ uploadPayload }) => uploadPayload({ ...call, options }))
    : rawPayload(options.body)
}

class V3Exchange implements Exchange {
  readonly target: string
  readonly download: boolean
  readonly #call: Call
  readonly #serial: string | undefined
  readonly #payload: Payload
  readonly #client: V3Client
  /** Whether WeChat Pay does not sign the response. */
  readonly #unsigned: boolean

  constructor(call: Call, { target, serial }: Encrypted, payload: Payload, client: V3Client) {
    this.#call = call
    this.#serial = serial
    this.#payload = payload
    this.#client = client
    const { method } = call
    const [pathname = ''] = target.split('?', 1)
    this.#unsigned = call.file !== undefined || call.facts.unsigned
    this.target = target
    this.download = this.#unsigned || (method === 'GET' && STATEMENTS.has(pathname))
  }

  async encode({ origin, path }: Destination): Promise<OutgoingRequest> {
    const { method, deadline, headers: given, file } = this.#call
    if (file && !file.isApi) {
      return { method, origin, path, headers: { ...ownHeaders(), ...given }, body: undefined }
    }
    const { settings, now } = this.#client
    const { contentType, signed, body } = this.#payload
    const timestamp = Math.floor(now() / 1000)
    const nonce = Formatter.nonce()
    const signing = settings.signer.sign(Formatter.request(method, path, timestamp, nonce, signed))
    // Assembled while the thread pool signs.
    const headers = ownHeaders()
    if (contentType) headers['content-type'] = contentType
    if (this.#serial) headers['wechatpay-serial'] = this.#serial
    Object.assign(headers, given)
    const signature = await deadline.wait(signing)
    const { caller, signer } = settings
    const scheme = schemeOf(caller, signer.algorithm)
    headers.authorization = Formatter.authorization(caller.id, nonce, signature, timestamp, signer.serial, scheme)
    return { method, origin, path, headers, body }
  }

  async decode(response: IncomingResponse, from: Destination): Promise<WechatPayResponse<unknown, Buffer | Readable>> {
    const { statusCode, headers, body } = response
    const { settings } = this.#client
    const requestId = requestIdOf(headers)
    if (!Buffer.isBuffer(body)) {
      refusePartial(response, this.#call.headers)
      const content = this.#unsigned ? body : await this.#verifiedDownload(response, body)
      return new WechatPayResponse({ statusCode, headers, data: undefined, body: content, requestId })
    }
    if (statusCode < 200 || statusCode >= 300) {
      throw this.#apiError(response, body, from)
    }
    if (!this.#unsigned) await this.#verify(body, headers)
    const { facts } = this.#call
    if (statusCode === 202 && !facts.accepts) throw this.#apiError(response, body, from)
    const decrypted = decryptData(parseBody(body, headers, facts.documented), this.#call, settings)
    const data = decrypted instanceof Promise ? await this.#call.deadline.wait(decrypted) : decrypted
    return new WechatPayResponse({ statusCode, headers, data, body, requestId })
  }

  #apiError(response: IncomingResponse, body: Buffer, to: Destination): ApiError {
    const { settings, now } = this.#client
    return apiError(response, body, { call: this.#call, payload: this.#payload, to, settings, now: now() })
  }

  async #verifiedDownload(response: IncomingResponse, content: Readable): Promise<Readable> {
    const digest = signedDigest(response)
    // A statement without a digest is signed like any other response, by its bytes.
    const signed = digest ?? (await readWhole(content, this.#call.deadline))
    try {
      await this.#verify(signed, response.headers)
    } catch (error) {
      content.destroy()
      throw error
    }
    return digest ? verifiedStatement(response, content) : Readable.from([signed])
  }

  #verify(signed: Buffer, headers: ResponseHeaders): Promise<void> {
    const { settings, verifier, now } = this.#client
    const { deadline } = this.#call
    const requestId = requestIdOf(headers)
    return verifyResponse(signed, { headers, verifier, caller: settings.caller, now: now(), requestId, deadline })
  }
}

// The signature of a response covers the bytes as they are sent, so nothing on the way may compress them.
function ownHeaders(): Record<string, string> {
  return { accept: ACCEPT, 'accept-encoding': 'identity', 'user-agent': userAgent }
}

/** The type of the content is not signed, so it decides only where nothing is documented. */
function parseBody(body: Buffer, headers: ResponseHeaders, isDocumented: boolean): unknown {
  if (body.length === 0) return undefined
  const content = body.toString()
  const type = headerLine(headers, 'content-type').toLowerCase()
  const isJson = isDocumented || type.includes('json') || (type === '' && /^\uFEFF?\s*[{[]/.test(content))
  if (!isJson) return content
  try {
    return parseJson(content)
  } catch {
    // No cause: the error of a parser quotes the content.
    throw new WechatPayError(
      'The response is signed by WeChat Pay but is not valid JSON. The request was carried out; the bytes are in `error.body`.',
      { code: 'ERR_RESPONSE_FORMAT', body },
    )
  }
}
