/** One request from the chain's call to the verified answer. */
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { splitOptions } from './call-options.js'
import { expandTemplate, templateNames } from './chain/uri-template.js'
import { InvalidArgumentError, TransportError } from './errors.js'
import { withFiles } from './files/with-files.js'
import { emit } from './hooks.js'
import type { Method } from './options.js'
import type { BegunCall, Call, FilledCall, PreparedCall } from './protocol/call.js'
import { endpointFacts } from './protocol/endpoints.js'
import { isForSandbox } from './protocol/flags.js'
import { requestIdOf } from './protocol/headers.js'
import { decodeMediaId } from './protocol/media-id.js'
import { sealCall } from './protocol/sensitive-fields.js'
import type { SpeakV2 } from './protocol/v2.js'
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
    const path = expandTemplate(template, decodeMediaId(template, values))
    return withFiles(options, opened => exchange({ method, template, path, options: opened }))
  }
  const exchange = async (filled: FilledCall) => {
    const { method, template, options } = filled
    const started = clock.now()
    const transport = overrideTransport(settings.transport, options)
    const baseUris = candidates(settings, transport, filled)
    const { call, prepared } = template.startsWith('v2/')
      ? await beginV2(filled)
      : await beginV3(
          filled,
          { ...settings, transport, verifier: settings.verifierFor({ template, baseUri: baseUris[0] }) },
          clock,
        )
    let [url] = baseUris
    const answer = await withRetry(
      {
        method,
        policy: transport.retry,
        baseUris,
        timeout: Math.max(1, transport.timeout - (clock.now() - started)),
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
  let v2: Promise<SpeakV2> | undefined
  const beginV2 = async (filled: FilledCall): Promise<BegunCall> => {
    // Loaded on first use: a client that speaks APIv3 alone starts without it.
    v2 ??= import('./protocol/v2.js').then(({ createV2 }) => createV2(settings, client, clock.now))
    return (await v2)(filled)
  }
  return client
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
