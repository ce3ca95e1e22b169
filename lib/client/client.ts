/** One request from the chain's call to the verified answer. */
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expandTemplate, templateNames } from '../chain/uri-template.js'
import { emit } from '../config/hooks.js'
import type { Settings } from '../config/settings.js'
import { InvalidArgumentError, TransportError } from '../errors.js'
import type { Method } from '../options.js'
import type { BegunCall, Call, FilledCall, PreparedCall } from '../protocol/call.js'
import { endpointFacts } from '../protocol/endpoints.js'
import { decodeMediaId } from '../protocol/media-id.js'
import type { SpeakV2 } from '../protocol/v2/v2.js'
import { beginV3 } from '../protocol/v3/v3.js'
import { within } from '../protocol/within.js'
import type { WechatPayResponse } from '../response.js'
import { type Destination, destinationOf } from '../transport/destination.js'
import { requestIdOf } from '../transport/headers.js'
import { type Attempt, type Clock, withRetry } from '../transport/retry.js'
import { type IncomingResponse, send } from '../transport/send.js'
import { overrideTransport, type TransportSettings } from '../transport/settings.js'
import { agentFor } from '../transport/tls.js'
import type { Verifier } from '../trust/verifier.js'
import { splitOptions } from './split-options.js'
import { withFiles } from './with-files.js'

export type SendCall = (
  method: Method,
  template: string,
  options: object,
) => Promise<WechatPayResponse<unknown, Buffer | Readable>>

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { ...(signal && { signal }) }).catch(() => {}),
}

/** Chooses the keys that verify the response to a call. */
export type VerifierFor = (call: { template: string; baseUri: URL }) => Verifier

export function createClient(settings: Settings, verifierFor: VerifierFor, clock: Clock = systemClock): SendCall {
  const client: SendCall = async (method, template, given) => {
    const { values, options } = splitOptions(given, templateNames(template), template)
    const path = expandTemplate(template, decodeMediaId(template, values))
    requireSignal(options.signal)
    const facts = endpointFacts(method, template)
    return await withFiles(options, opened => exchange({ method, template, path, options: opened, facts }))
  }
  const exchange = async (filled: FilledCall) => {
    const { method, template, options } = filled
    const started = clock.now()
    const transport = overrideTransport(settings.transport, options)
    const baseUris = candidates(settings, transport, filled)
    const begin = () => {
      if (template.startsWith('v2/'))
        return within(beginV2(filled), { timeout: transport.timeout, signal: options.signal })
      const verifier = verifierFor({ template, baseUri: baseUris[0] })
      return beginV3(filled, { settings, verifier, clock, timeout: transport.timeout })
    }
    const left = () => Math.max(1, transport.timeout - (clock.now() - started))
    const { call, prepared } = await begin()
    let destination = destinationOf(baseUris[0], call.target)
    const answer = await withRetry(
      {
        method,
        policy: transport.retry,
        baseUris,
        timeout: left(),
        signal: options.signal,
        clock,
        onRetry: (attempt, outcome, wait) =>
          emit(settings.hooks.retry, () => ({
            ...describe(call, attempt, settings),
            cause: causeOf(outcome),
            delay: wait,
          })),
      },
      attempt => {
        if (attempt.number > 1) destination = destinationOf(attempt.baseUri, call.target)
        return sendOnce(attempt, destination, { call, prepared, transport, settings, clock })
      },
    )
    return await prepared.read(answer, destination, left())
  }
  let v2: Promise<SpeakV2> | undefined
  const beginV2 = async (filled: FilledCall): Promise<BegunCall> => {
    // Loaded on first use: a client that speaks APIv3 alone starts without it.
    v2 ??= import('../protocol/v2/v2.js').then(({ createV2 }) => createV2(settings, client, clock.now))
    return (await v2)(filled)
  }
  return client
}

interface SendContext {
  call: Call
  prepared: PreparedCall
  transport: TransportSettings
  settings: Settings
  clock: Clock
}

async function sendOnce(attempt: Attempt, destination: Destination, context: SendContext): Promise<IncomingResponse> {
  const { call, prepared, transport, settings, clock } = context
  const started = clock.now()
  const request = await prepared.sign(destination, attempt.timeout)
  emit(settings.hooks.request, () => ({ ...describe(call, attempt, settings), bytes: request.body?.length ?? 0 }))
  const answer = await send(request, {
    dispatcher: transport.dispatcher ?? agentFor({ identity: prepared.identity, ca: settings.ca }),
    timeout: Math.max(1, attempt.timeout - (clock.now() - started)),
    signal: call.options.signal,
    download: prepared.download,
  })
  emit(settings.hooks.response, () => ({
    ...describe(call, attempt, settings),
    statusCode: answer.statusCode,
    requestId: requestIdOf(answer.headers),
    duration: clock.now() - started,
  }))
  return answer
}

// A call that names its own host goes nowhere else, nor does one whose endpoint is only at one host.
function candidates(settings: Settings, { baseUri }: TransportSettings, call: FilledCall): [URL, ...URL[]] {
  const isDefault = baseUri === settings.transport.baseUri
  const documented = isDefault && settings.isMainHost ? call.facts.baseUri : undefined
  if (documented) return [new URL(documented)]
  return isDefault && settings.fallbackUri ? [baseUri, settings.fallbackUri] : [baseUri]
}

function requireSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw new InvalidArgumentError('`signal` must be an AbortSignal, as AbortController has one.')
}

function describe({ method, template }: Call, { number, baseUri }: Attempt, { mchid }: Settings) {
  return { mchid, method, path: `/${template}`, host: baseUri.host, attempt: number }
}

function causeOf(outcome: TransportError | IncomingResponse) {
  return outcome instanceof TransportError ? outcome : { statusCode: outcome.statusCode }
}
