/** One request from the chain's call to the verified answer. */
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { splitOptions } from './call-options.js'
import { expandTemplate, templateNames } from './chain/uri-template.js'
import { InvalidArgumentError, TransportError } from './errors.js'
import type { Method } from './options.js'
import type { Call, PreparedCall } from './protocol/call.js'
import { requestIdOf } from './protocol/headers.js'
import { withQuery } from './protocol/query.js'
import { prepareV3 } from './protocol/v3.js'
import type { WechatPayResponse } from './response.js'
import type { Settings } from './settings.js'
import { sharedAgent } from './transport/agent.js'
import { type Attempt, type Clock, withRetry } from './transport/retry.js'
import { type IncomingAnswer, send } from './transport/send.js'
import { overrideTransport, type TransportSettings } from './transport/settings.js'

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
  return async (method, template, given) => {
    const { values, options } = splitOptions(given, templateNames(template), template)
    const target = withQuery(expandTemplate(template, values), options.query)
    const call: Call = { method, template, target, options }
    const transport = overrideTransport(settings.transport, options)
    const prepared = await prepareV3(call, settings, clock)
    const baseUris = candidates(settings, transport)
    let url = resolveTarget(transport.baseUri, target)
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
        url = resolveTarget(attempt.baseUri, target)
        return sendOnce(attempt, url, { call, prepared, transport, settings, clock })
      },
    )
    return prepared.read(answer, url)
  }
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
  emit(settings.hooks.request, { ...describe(call, attempt, settings), bytes: prepared.bytes })
  const answer = await send(request, {
    dispatcher: transport.dispatcher ?? sharedAgent(),
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

// A call that names its own host goes nowhere else.
function candidates(settings: Settings, { baseUri }: TransportSettings): [URL, ...URL[]] {
  const isDefault = baseUri === settings.transport.baseUri
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

function emit<Info>(hook: ((info: Info) => void) | undefined, info: Info): void {
  try {
    hook?.(info)
  } catch {
    // What a hook throws is the hook's own affair: logging must not break a payment.
  }
}
