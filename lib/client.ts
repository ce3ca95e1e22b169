/** One request from the chain's call to the verified answer. */
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { splitOptions } from './call-options.js'
import { expandTemplate, templateNames } from './chain/uri-template.js'
import { InvalidArgumentError, TransportError } from './errors.js'
import { emit } from './hooks.js'
import type { Method } from './options.js'
import type { Call, FilledCall, PreparedCall } from './protocol/call.js'
import { endpointFacts } from './protocol/endpoints.js'
import { requestIdOf } from './protocol/headers.js'
import { withQuery } from './protocol/query.js'
import { sealCall } from './protocol/sensitive-fields.js'
import { isForSandbox, prepareV2 } from './protocol/v2.js'
import { v2Target } from './protocol/v2-endpoints.js'
import { RequestedKeys } from './protocol/v2-keys.js'
import { prepareV3 } from './protocol/v3.js'
import type { WechatPayResponse } from './response.js'
import type { Settings } from './settings.js'
import { type Attempt, type Clock, withRetry } from './transport/retry.js'
import { type IncomingAnswer, send } from './transport/send.js'
import { overrideTransport, type TransportSettings } from './transport/settings.js'
import { agentFor } from './transport/tls.js'

export type Client = (
  method: Method,
  template: string,
  options: object,
) => Promise<WechatPayResponse<unknown, Buffer | Readable>>

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { ...(signal && { signal }) }).catch(() => {}),
}

export function createClient(settings: Settings, clock: Clock = systemClock): Client {
  const client: Client = async (method, template, given) => {
    const { values, options } = splitOptions(given, templateNames(template), template)
    const filled: FilledCall = { method, template, path: expandTemplate(template, values), options }
    const transport = overrideTransport(settings.transport, options)
    const baseUris = candidates(settings, transport, filled)
    const { call, prepared } = template.startsWith('v2/')
      ? await beginV2(filled, settings, keys)
      : await beginV3(
          filled,
          { ...settings, verifier: settings.verifierFor({ template, baseUri: baseUris[0] }) },
          clock,
        )
    let url = resolveTarget(baseUris[0], call.target)
    const answer = await withRetry(
      {
        method,
        policy: transport.retry,
        baseUris,
        timeout: transport.timeout,
        signal: readSignal(options.signal),
        clock,
        onRetry: (attempt, outcome, wait) =>
          emit(settings.hooks.retry, { ...describe(call, attempt, settings), cause: causeOf(outcome), delay: wait }),
      },
      async attempt => {
        url = resolveTarget(attempt.baseUri, call.target)
        return sendOnce(attempt, url, { call, prepared, transport, settings, clock })
      },
    )
    return prepared.read(answer, url)
  }
  const keys = new RequestedKeys(client, clock.now)
  return client
}

interface BegunCall {
  call: Call
  prepared: PreparedCall
}

async function beginV2(filled: FilledCall, settings: Settings, keys: RequestedKeys): Promise<BegunCall> {
  const { method, template, path, options } = filled
  const target = v2Target(withQuery(path, options.query), isForSandbox(options, settings))
  const call: Call = { method, template, target, options, serial: undefined }
  return { call, prepared: await prepareV2(call, settings, keys) }
}

async function beginV3(filled: FilledCall, settings: Settings, clock: Clock): Promise<BegunCall> {
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
  const call = await sealCall(filled, settings, settings.verifier)
  return { call, prepared: await prepareV3(call, settings, clock) }
}

interface SendContext {
  call: Call
  prepared: PreparedCall
  transport: TransportSettings
  settings: Settings
  clock: Clock
}

async function sendOnce(attempt: Attempt, url: URL, context: SendContext): Promise<IncomingAnswer> {
  const { call, prepared, transport, settings, clock } = context
  const started = clock.now()
  const request = await prepared.sign(url)
  emit(settings.hooks.request, { ...describe(call, attempt, settings), bytes: request.body?.length ?? 0 })
  const answer = await send(request, {
    dispatcher: transport.dispatcher ?? agentFor({ identity: prepared.identity, ca: settings.ca }),
    timeout: Math.max(1, attempt.timeout - (clock.now() - started)),
    signal: call.options.signal,
    download: prepared.download,
  })
  const { statusCode, headers } = answer
  const duration = clock.now() - started
  emit(settings.hooks.response, {
    ...describe(call, attempt, settings),
    statusCode,
    requestId: requestIdOf(headers),
    duration,
  })
  return answer
}

// A call that names its own host goes nowhere else, nor does one whose endpoint is only at one host.
function candidates(settings: Settings, { baseUri }: TransportSettings, call: FilledCall): [URL, ...URL[]] {
  const isDefault = baseUri === settings.transport.baseUri
  const documented = isDefault && settings.isMainHost ? endpointFacts(call.method, call.template).baseUri : undefined
  if (documented) return [new URL(documented)]
  return isDefault && settings.fallbackUri ? [baseUri, settings.fallbackUri] : [baseUri]
}

/** @throws InvalidArgumentError for a path that would not arrive as it is signed. */
function resolveTarget(baseUri: URL, target: string): URL {
  const path = baseUri.pathname.slice(0, -1) + target
  const url = new URL(baseUri.origin + path)
  if (url.origin === baseUri.origin && url.pathname + url.search === path) return url
  throw new InvalidArgumentError(
    `The path \`${target}\` is not a plain path and query: it would arrive as \`${url.pathname}\`.`,
  )
}

function readSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal
  throw new InvalidArgumentError('`signal` must be an AbortSignal, as AbortController has one.')
}

function describe({ method, template }: Call, { number, baseUri }: Attempt, { mchid }: Settings) {
  return { mchid, method, path: `/${template}`, host: baseUri.host, attempt: number }
}

function causeOf(outcome: TransportError | IncomingAnswer) {
  return outcome instanceof TransportError ? outcome : { statusCode: outcome.statusCode }
}
