/** Sensitive fields on WeChat Pay's side: opened before an endpoint sees them, encrypted again for the merchant. */
import { parseBase64 } from '../../crypto/base64.js'
import * as Rsa from '../../crypto/rsa.js'
import { type EndpointFacts, endpointFacts } from '../../protocol/endpoints.js'
import { encryptFields } from '../../trust/encrypt-fields.js'
import { mapLeaves } from '../../trust/field-paths.js'
import type { PlatformKey } from '../keys/platform.js'
import { parameterError } from '../ledger/problem.js'
import type { Call, Endpoint } from './endpoint.js'
import type { Reply } from './router.js'

type Marks = Pick<EndpointFacts, 'encrypted' | 'encryptedQuery' | 'decrypted' | 'padding'>

/**
 * An endpoint that is given plain text, and gives it, where the catalogue marks fields as encrypted. A request is refused
 * with 400 `PARAM_ERROR` when a marked field is not encrypted, or not with the key that `Wechatpay-Serial` names.
 */
export function withSensitiveFields(
  endpoint: Endpoint,
  marks: Marks = endpointFacts(endpoint.method, endpoint.path),
): Endpoint {
  const { encrypted, encryptedQuery, decrypted } = marks
  if (encrypted.length + encryptedQuery.length + decrypted.length === 0) return endpoint
  return {
    ...endpoint,
    handle: async call => seal(await endpoint.handle(open(call, marks)), call, marks),
  }
}

function open(call: Call, { encrypted, encryptedQuery, padding }: Marks): Call {
  const opener = new Opener(call, padding)
  const query = new URLSearchParams(call.query)
  for (const name of encryptedQuery) {
    const value = query.get(name)
    if (value) query.set(name, opener.open(value, name, 'query'))
  }
  return { ...call, query, request: { ...call.request, body: openBody(call.request.body, encrypted, opener) } }
}

function openBody(body: Buffer, fields: readonly string[], opener: Opener): Buffer {
  const payload = parse(body)
  const opened = mapLeaves(payload, fields, (leaf, path, isNamed) =>
    isNamed && leaf !== '' && leaf !== null ? opener.open(leaf, path, 'body') : leaf,
  )
  return opened === payload ? body : Buffer.from(JSON.stringify(opened))
}

// What is no JSON is the endpoint's to refuse.
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

function seal(reply: Reply, { merchant }: Call, { decrypted }: Marks): Reply {
  if (reply.body === '' || decrypted.length === 0) return reply
  const sealed = encryptFields(JSON.parse(reply.body), decrypted, merchant.certificate.publicKey)
  return { ...reply, body: JSON.stringify(sealed) }
}

/** Opens the values of one request. No refusal repeats a value: it may be the plain text of somebody's name. */
class Opener {
  readonly #call: Call
  readonly #padding: Rsa.Padding

  constructor(call: Call, padding: EndpointFacts['padding']) {
    this.#call = call
    this.#padding = padding === 'pkcs1' ? Rsa.PKCS1 : Rsa.OAEP
  }

  open(value: unknown, field: string, location: 'body' | 'query'): string {
    const { privateKey } = this.#key()
    const modulusBytes = (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8
    if (typeof value !== 'string' || parseBase64(value)?.length !== modulusBytes) {
      const issue = 'not encrypted: expected the base64 of an RSA ciphertext'
      throw parameterError('请确认待处理的消息是否为加密后的密文', { field, issue, location })
    }
    try {
      return Rsa.decrypt(value, privateKey, this.#padding)
    } catch {
      const issue = 'not encrypted with the key that Wechatpay-Serial names, or with another padding'
      throw parameterError('平台私钥解密失败', { field, issue, location })
    }
  }

  #key(): PlatformKey {
    const { request, merchant, now } = this.#call
    const serial = request.headers['wechatpay-serial']
    const about = { field: 'wechatpay-serial', location: 'header' } as const
    if (typeof serial !== 'string' || serial === '') {
      const issue = 'missing, and the request has sensitive fields'
      throw parameterError('HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)', { ...about, issue })
    }
    const key = merchant.platform.find(serial, now)
    if (key) return key
    const issue = 'neither a valid platform certificate of this merchant nor its WeChat Pay public key'
    throw parameterError('平台证书序列号Wechatpay-Serial错误', { ...about, value: serial, issue })
  }
}
