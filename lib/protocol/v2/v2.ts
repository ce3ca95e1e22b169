/** APIv2: XML, signed with the APIv2 key. Every signed response is verified before it is returned. */

import type { Readable } from 'node:stream'
import type { Settings } from '../../config/settings.js'
import { kindOfKey } from '../../crypto/keys.js'
import { InvalidArgumentError } from '../../errors.js'
import type { OpenOptions } from '../../options.js'
import type { WechatPayResponse } from '../../response.js'
import type { IncomingResponse, OutgoingRequest } from '../../transport/send.js'
import type { Destination } from '../../transport/settings.js'
import type { ClientCertificate } from '../../transport/undici.js'
import { userAgent } from '../../version.js'
import { loadParser } from '../../xml/parse.js'
import type { Call, Exchange } from '../call.js'
import type { Payload } from '../payload.js'
import { withQuery } from '../query.js'
import { refuseNearMiss, sensitiveFacts } from '../sensitive-fields.js'
import { type V2Facts, v2Facts, v2Target } from './endpoints.js'
import { type Request, RequestedKeys } from './keys.js'
import { signedTarget, type V2Signer } from './message.js'
import { preparePayload } from './payload.js'
import { readV2 } from './response.js'

const ACCEPT = 'text/xml, text/plain, application/x-gzip'

/** @throws InvalidArgumentError (as a rejection) for a payload that APIv2 cannot carry, and for missing keys. */
export type OpenV2 = (call: Call) => Promise<Exchange>

/** APIv2 for one client. `request` is that client, for the keys that WeChat Pay gives out; `now` a monotonic clock. */
export function createV2(settings: Settings, request: Request, now: () => number): OpenV2 {
  // Before anything is sent: without the parser, no response could be read.
  loadParser()
  const keys = new RequestedKeys(request, now)
  return async call => {
    const { method, options } = call
    const isSandbox = options.sandbox ?? settings.sandbox
    const target = v2Target(withQuery(call.path, options.query), isSandbox)
    const [path = ''] = target.split('?', 1)
    const facts = sensitiveFacts(v2Facts(method, path), options, settings)
    refuseNearMiss(call, facts, settings)
    const identity = chooseIdentity(options, facts, settings)
    const secret = isSandbox ? await keys.sandboxKey(path, options) : settings.secret
    const signer: V2Signer = {
      path,
      facts,
      mchid: settings.caller.id,
      secret: requireSecret(secret).export().toString(),
      agentSecret: settings.agentSecret?.export().toString(),
      isNonceless: options.nonceless ?? facts.nonceless,
    }
    const payload = await preparePayload(call, signer, keys)
    return new V2Exchange({ call, target, identity, signer, payload, settings })
  }
}

interface Parts {
  call: Call
  target: string
  identity: ClientCertificate | undefined
  signer: V2Signer
  /** Signed again for each attempt. */
  payload: () => Payload
  settings: Settings
}

class V2Exchange implements Exchange {
  readonly target: string
  readonly identity: ClientCertificate | undefined
  readonly download: boolean
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
    this.target = parts.target
    this.identity = parts.identity
    this.download = parts.signer.facts.download
  }

  async encode({ origin, path }: Destination): Promise<OutgoingRequest> {
    const { call, signer, payload } = this.#parts
    const { method } = call
    const { body, contentType } = payload()
    const headers: Record<string, string> = {
      accept: ACCEPT,
      'accept-encoding': 'identity',
      'user-agent': userAgent,
      ...(contentType && { 'content-type': contentType }),
      ...call.headers,
    }
    return { method, origin, path: method === 'GET' ? signedTarget(path, signer) : path, headers, body }
  }

  decode(response: IncomingResponse): Promise<WechatPayResponse<unknown, Buffer | Readable>> {
    const { call, signer, settings } = this.#parts
    return readV2(response, { call, facts: signer.facts, secret: signer.secret, settings })
  }
}

function requireSecret(secret: Settings['secret']): NonNullable<Settings['secret']> {
  if (secret) return secret
  throw new InvalidArgumentError(
    '`secret` is missing: APIv2 is signed and verified with the APIv2 key (账户中心 → API安全 → APIv2密钥), 32 bytes. Give it to Builder.factory.',
  )
}

function chooseIdentity(options: OpenOptions, facts: V2Facts, settings: Settings): ClientCertificate | undefined {
  const isSecure = options.security ?? facts.mutualTls
  // A dispatcher of the user's makes its own connections and presents its own certificate.
  if (!isSecure || (options.dispatcher ?? settings.transport.dispatcher)) return undefined
  if (settings.identity && kindOfKey(settings.identity.key) === 'SM2') {
    throw new InvalidArgumentError(
      'This endpoint needs mutual TLS, for which `merchant` must be an RSA certificate; got one of SM2. Call it with a client that has the RSA certificate.',
    )
  }
  if (settings.identity) return settings.identity
  throw new InvalidArgumentError(
    'This endpoint needs the merchant certificate and its key, but `merchant` is missing one of them. Give Builder.factory { merchant: { cert, key } } or { merchant: { pfx } }.',
  )
}
