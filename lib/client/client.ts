/** One call, from its options to its verified response. */
import type { Readable } from 'node:stream'
import { expandTemplate, templateNames } from '../chain/uri-template.js'
import type { Settings } from '../config/settings.js'
import { InvalidArgumentError, TransportError } from '../errors.js'
import type { CommonOptions, Method } from '../options.js'
import type { Call, Exchange } from '../protocol/call.js'
import { decodeMediaId, endpointFacts, endsInValue } from '../protocol/endpoints.js'
import type { OpenV2 } from '../protocol/v2/v2.js'
import { openV3 } from '../protocol/v3/v3.js'
import { requestIdOf, type WechatPayResponse } from '../response.js'
import { carrierFor } from '../transport/agents.js'
import { readHeaders } from '../transport/headers.js'
import { type Attempt, withRetry } from '../transport/retry.js'
import { type IncomingResponse, send } from '../transport/send.js'
import { type Destination, destinationOf, overrideTransport, type TransportSettings } from '../transport/settings.js'
import type { Verifier } from '../trust/verifier.js'
import { type Clock, Deadline, systemClock } from '../util/deadline.js'
import { quote } from '../util/wording.js'
import { readCallOptions, withFiles } from './call-options.js'

type Response = WechatPayResponse<unknown, Buffer | Readable>

/** The options of a download from a URL. */
export type FileOptions = Pick<CommonOptions, 'timeout' | 'retry' | 'dispatcher' | 'headers' | 'signal'>

/** The origin and target of a file. */
export interface FileLocation {
  readonly origin: string
  /** Path and query, unchanged. */
  readonly target: string
  /** Whether it is a host of the API, to which requests are signed. */
  readonly isApi: boolean
}

/** Fetches a file that a verified response names. */
export type FetchFile = (location: FileLocation, options: FileOptions) => Promise<Response>

/** `rewritten` are paths down to a segment that the chain has made of a different property name. */
export type SendCall = (
  method: Method,
  template: string,
  options: object,
  rewritten?: readonly string[],
) => Promise<Response>

/** Chooses the keys that verify the response to a call. */
export type VerifierFor = (call: { template: string; baseUri: URL }) => Verifier

interface CallContext {
  readonly settings: Settings
  readonly verifierFor: VerifierFor
  readonly clock: Clock
  readonly openV2: OpenV2
}

export function createClient(
  settings: Settings,
  verifierFor: VerifierFor,
  clock: Clock = systemClock,
): { send: SendCall; fetchFile: FetchFile } {
  let v2: Promise<OpenV2> | undefined
  const openV2: OpenV2 = async call => {
    // Loaded on first use: a client that only calls APIv3 starts without it.
    v2 ??= import('../protocol/v2/v2.js').then(({ createV2 }) => createV2(settings, sendCall, clock.monotonic))
    return (await v2)(call)
  }
  const context: CallContext = { settings, verifierFor, clock, openV2 }
  const sendCall: SendCall = async (method, template, given, rewritten = []) => {
    for (const path of rewritten) if (endsInValue(path)) throw new InvalidArgumentError(valueInName(path))
    const { values, options } = readCallOptions(given, templateNames(template), template)
    const path = expandTemplate(template, decodeMediaId(template, values))
    const headers =
      options.headers === undefined ? settings.headers : { ...settings.headers, ...readHeaders(options.headers) }
    const facts = endpointFacts(method, path)
    return await withFiles(options, opened =>
      exchange({ method, template, path, options: opened, headers, facts, file: undefined }, context),
    )
  }
  const fetchFile: FetchFile = async ({ origin, target, isApi }, given) => {
    // Its query holds a token, which is not for hooks and errors to show.
    const [template = ''] = target.slice(1).split('?', 1)
    const { options } = readCallOptions({ ...given, base_uri: origin }, [], template)
    const own = readHeaders(options.headers)
    const headers = isApi ? { ...settings.headers, ...own } : own
    const facts = endpointFacts('GET', '')
    return exchange({ method: 'GET', template, path: target, options, headers, facts, file: { isApi } }, context)
  }
  return { send: sendCall, fetchFile }
}

function valueInName(path: string): string {
  const above = path.slice(0, path.lastIndexOf('/'))
  return `The segment after ${quote(`/${above}`)} must be a placeholder, since it is a value, whose capital letters a property name does not keep. Write \`_name_\` there and pass the value in the options, or write the path in chain().`
}

async function exchange(filled: Omit<Call, 'deadline'>, context: CallContext): Promise<Response> {
  const { settings, clock } = context
  const { method, template, path, options, headers, facts, file } = filled
  const transport = overrideTransport(settings.transport, options)
  const deadline = new Deadline({ timeout: transport.timeout, signal: options.signal, now: clock.monotonic })
  deadline.requireNotAborted()
  const call: Call = { method, template, path, options, headers, facts, deadline, file }
  const baseUris = baseUrisFor(call, transport, settings)
  const opened = await openExchange(call, baseUris[0], context)
  let destination = destinationOf(baseUris[0], opened.target)
  const response = await withRetry(
    {
      method,
      policy: transport.retry,
      baseUris,
      deadline,
      clock,
      onRetry: (attempt, outcome, delay) =>
        emit(settings.hooks.retry, () => ({
          ...describe(call, attempt, settings),
          cause: outcome instanceof TransportError ? outcome : { statusCode: outcome.statusCode },
          delay,
        })),
    },
    attempt => {
      if (attempt.number > 1) destination = destinationOf(attempt.baseUri, opened.target)
      return sendOnce(attempt, destination, { call, opened, transport, context })
    },
  )
  return await opened.decode(response, destination)
}

function openExchange(call: Call, baseUri: URL, context: CallContext): Exchange | Promise<Exchange> {
  const { template, deadline } = call
  const { settings, verifierFor, clock, openV2 } = context
  if (template.startsWith('v2/') && !call.file) return deadline.wait(openV2(call))
  return openV3(call, { settings, verifier: verifierFor({ template, baseUri }), now: clock.now })
}

interface Sending {
  call: Call
  opened: Exchange
  transport: TransportSettings
  context: CallContext
}

async function sendOnce(
  attempt: Attempt,
  destination: Destination,
  { call, opened, transport, context: { settings, clock } }: Sending,
): Promise<IncomingResponse> {
  call.deadline.requireNotAborted()
  const started = clock.monotonic()
  const carrying = carrierFor(transport.dispatcher, settings.pool, opened.identity)
  // Undici is loaded while the first request is signed.
  const [request, carrier] =
    carrying instanceof Promise
      ? await Promise.all([opened.encode(destination), carrying])
      : [await opened.encode(destination), carrying]
  emit(settings.hooks.request, () => ({ ...describe(call, attempt, settings), bytes: request.body?.length ?? 0 }))
  const response = await send(request, {
    ...carrier,
    deadline: call.deadline,
    download: opened.download,
  })
  emit(settings.hooks.response, () => ({
    ...describe(call, attempt, settings),
    statusCode: response.statusCode,
    requestId: requestIdOf(response.headers),
    duration: clock.monotonic() - started,
  }))
  return response
}

// A call with its own `base_uri`, and a call to an endpoint that is documented at one host only, never go to a different host.
function baseUrisFor(call: Call, { baseUri }: TransportSettings, settings: Settings): [URL, ...URL[]] {
  const isDefault = baseUri === settings.transport.baseUri
  const documented = isDefault && settings.isMainHost ? call.facts.baseUri : undefined
  if (documented) return [new URL(documented)]
  return isDefault && settings.fallbackUri ? [baseUri, settings.fallbackUri] : [baseUri]
}

function describe({ method, template }: Call, { number, baseUri }: Attempt, { mchid }: Settings) {
  return { mchid, method, path: `/${template}`, host: baseUri.host, attempt: number }
}

/** Calls a hook, if there is one, with the result of `describe`. */
export function emit<Info>(hook: ((info: Info) => void) | undefined, describe: () => Info): void {
  if (!hook) return
  try {
    const returned: unknown = hook(describe())
    if (returned instanceof Promise) returned.catch(() => {})
  } catch {
    // Logging must not break a payment.
  }
}
