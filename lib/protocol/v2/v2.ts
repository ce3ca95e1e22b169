/** APIv2: XML, signed with the APIv2 key; every answer that is signed is verified before it is handed out. */

import type { Settings } from '../../config/settings.js'
import { InvalidArgumentError } from '../../errors.js'
import type { OpenOptions } from '../../options.js'
import { withHeaders } from '../../transport/headers.js'
import type { OutgoingRequest } from '../../transport/send.js'
import type { ClientCertificate } from '../../transport/tls.js'
import { userAgent } from '../../version.js'
import type { BegunCall, Call, FilledCall, PreparedCall } from '../call.js'
import { isForSandbox, readFlag } from '../flags.js'
import { withQuery } from '../query.js'
import { sensitiveFacts } from '../sensitive-fields.js'
import { type V2Facts, v2Facts, v2Target } from './endpoints.js'
import { type Request, RequestedKeys } from './keys.js'
import type { V2Signer } from './message.js'
import { chooseEncoding, type Encoded } from './payload.js'
import { readV2 } from './response.js'

const ACCEPT = 'text/xml, text/plain, application/x-gzip'

/** @throws InvalidArgumentError (as a rejection) for a payload that APIv2 cannot carry, and for keys that are missing. */
export type SpeakV2 = (filled: FilledCall) => Promise<BegunCall>

/** APIv2 for one client; `request` is that client, for the keys that WeChat Pay gives out. */
export function createV2(settings: Settings, request: Request, now: () => number): SpeakV2 {
  const keys = new RequestedKeys(request, now)
  return async ({ path, ...filled }) => {
    const { options } = filled
    const target = v2Target(withQuery(path, options.query), isForSandbox(options, settings))
    const call: Call = { ...filled, target, headers: withHeaders(settings.headers, options.headers), serial: undefined }
    return { call, prepared: await prepare(call, settings, keys) }
  }
}

async function prepare(call: Call, settings: Settings, keys: RequestedKeys): Promise<PreparedCall> {
  const { method, target, options } = call
  const [path = ''] = target.split('?', 1)
  const known = v2Facts(method, path)
  const facts = sensitiveFacts(known, options, settings)
  const identity = chooseIdentity(options, facts, settings)
  const secret = await chooseSecret(path, options, settings, keys)
  const signer: V2Signer = {
    path,
    facts,
    mchid: settings.mchid,
    secret,
    agentSecret: settings.agentSecret?.export().toString(),
    isNonceless: readFlag(options, 'nonceless') ?? facts.nonceless,
  }
  const encode = await chooseEncoding(call, signer, keys)
  return {
    identity,
    download: facts.download,
    sign: async destination => outgoing(call, await encode(destination)),
    read: answer => readV2(answer, { call, facts, settings, secret }),
  }
}

function outgoing(call: Call, { payload, to }: Encoded): OutgoingRequest {
  const headers: Record<string, string> = {
    accept: ACCEPT,
    'user-agent': userAgent,
    ...(payload.contentType && { 'content-type': payload.contentType }),
    ...call.headers,
  }
  return { ...to, method: call.method, headers, body: payload.body }
}

async function chooseSecret(
  path: string,
  options: OpenOptions,
  settings: Settings,
  keys: RequestedKeys,
): Promise<string> {
  const key = isForSandbox(options, settings) ? await keys.sandboxKey(path, options) : settings.secret
  if (key) return key.export().toString()
  throw new InvalidArgumentError(
    '`secret` is missing: the APIv2 key (账户中心 → API安全 → APIv2密钥), 32 bytes, without which nothing of APIv2 can be signed or verified. Give it to Builder.factory.',
  )
}

function chooseIdentity(options: OpenOptions, facts: V2Facts, settings: Settings): ClientCertificate | undefined {
  const isSecure = readFlag(options, 'security') ?? facts.mutualTls
  // A dispatcher of the user's makes its own connections, and shows what it was made with.
  if (!isSecure || (options.dispatcher ?? settings.transport.dispatcher)) return undefined
  if (settings.identity) return settings.identity
  throw new InvalidArgumentError(
    'This endpoint needs the merchant certificate and its key, and `merchant` has not both: give Builder.factory { merchant: { cert, key } } or { merchant: { pfx } }.',
  )
}
