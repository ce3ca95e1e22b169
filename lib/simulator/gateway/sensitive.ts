/** Sensitive fields: decrypted before an endpoint reads them, and encrypted in the response. */
import { parseBase64 } from '../../crypto/bytes.js'
import * as Rsa from '../../crypto/rsa.js'
import { type EndpointFacts, endpointFacts } from '../../protocol/endpoints.js'
import { encryptFields } from '../../trust/encrypt-fields.js'
import { mapLeaves } from '../../trust/field-paths.js'
import type { PlatformKey } from '../keys/platform.js'
import { parameterError } from '../ledger/problem.js'
import type { VerifiedCall, VerifiedRoute } from './endpoint.js'
import type { EndpointResponse } from './router.js'

type SensitiveFields = Pick<EndpointFacts, 'encrypted' | 'encryptedQuery' | 'decrypted' | 'padding'>

/**
 * Wraps a route, so that its handler receives and returns the sensitive fields in plain text. The default `fields` are
 * those of the catalogue. A request fails with 400 `PARAM_ERROR` when a sensitive field is not encrypted, or not with
 * the key that `Wechatpay-Serial` names.
 */
export function withSensitiveFields(
  route: VerifiedRoute,
  fields: SensitiveFields = endpointFacts(route.method, route.path),
): VerifiedRoute {
  const { encrypted, encryptedQuery, decrypted } = fields
  if (encrypted.length + encryptedQuery.length + decrypted.length === 0) return route
  return {
    ...route,
    handle: async call => encryptResponse(await route.handle(decryptCall(call, fields)), call, fields),
  }
}

function decryptCall(call: VerifiedCall, { encrypted, encryptedQuery, padding }: SensitiveFields): VerifiedCall {
  const decryptor = new Decryptor(call, padding)
  const query = new URLSearchParams(call.query)
  for (const name of encryptedQuery) {
    const value = query.get(name)
    if (value) query.set(name, decryptor.decrypt(value, name, 'query'))
  }
  return { ...call, query, request: { ...call.request, body: decryptBody(call.request.body, encrypted, decryptor) } }
}

function decryptBody(body: Buffer, fields: readonly string[], decryptor: Decryptor): Buffer {
  const payload = parse(body)
  const decrypted = mapLeaves(payload, fields, (leaf, path, isNamed) =>
    isNamed && leaf !== '' && leaf !== null ? decryptor.decrypt(leaf, pointerTo(path), 'body') : leaf,
  )
  return decrypted === payload ? body : Buffer.from(JSON.stringify(decrypted))
}

/** WeChat Pay names a field `/list/1/name`. */
function pointerTo(path: string): string {
  return path.replaceAll(/[.[]/g, '/').replaceAll(']', '')
}

// The endpoint itself refuses a body that is not valid JSON.
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

function encryptResponse(
  response: EndpointResponse,
  { merchant }: VerifiedCall,
  { decrypted }: SensitiveFields,
): EndpointResponse {
  if (response.body === '' || decrypted.length === 0) return response
  const encrypted = encryptFields(JSON.parse(response.body), decrypted, merchant.publicKey)
  return { ...response, body: JSON.stringify(encrypted) }
}

/** Decrypts the values of one request. Its errors never contain a value, which may be a name in plain text. */
class Decryptor {
  readonly #call: VerifiedCall
  readonly #padding: Rsa.Padding

  constructor(call: VerifiedCall, padding: EndpointFacts['padding']) {
    this.#call = call
    this.#padding = padding === 'pkcs1' ? Rsa.PKCS1 : Rsa.OAEP
  }

  /** @throws ApiError 400 `PARAM_ERROR`. */
  decrypt(value: unknown, field: string, location: 'body' | 'query'): string {
    const { privateKey } = this.#key()
    const modulusBytes = (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8
    if (typeof value !== 'string' || parseBase64(value)?.length !== modulusBytes) {
      const issue = 'not encrypted: must be the base64 of an RSA ciphertext'
      throw parameterError('请确认待处理的消息是否为加密后的密文', { field, issue, location })
    }
    try {
      return Rsa.decrypt(value, privateKey, this.#padding)
    } catch {
      const issue = 'encrypted with a key that Wechatpay-Serial does not name, or with a different padding'
      throw parameterError('平台私钥解密失败', { field, issue, location })
    }
  }

  #key(): PlatformKey {
    const { request, merchant, machineTime } = this.#call
    const serial = request.headers['wechatpay-serial']
    const parameter = { field: 'wechatpay-serial', location: 'header' } as const
    if (typeof serial !== 'string' || serial === '') {
      const issue = 'missing, although the request has sensitive fields'
      throw parameterError('HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)', { ...parameter, issue })
    }
    const key = merchant.platform.find(serial, machineTime)
    if (key) return key
    const issue = 'neither a valid platform certificate of this merchant nor its WeChat Pay public key'
    throw parameterError('平台证书序列号Wechatpay-Serial错误', { ...parameter, value: serial, issue })
  }
}
