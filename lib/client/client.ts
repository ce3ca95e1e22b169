/** One call, from its options to its verified response. */
import type { Readable } from 'node:stream'
import { expandTemplate, templateNames } from '../chain/uri-template.js'
import type { Caller } from '../config/caller.js'
import type { Settings } from '../config/settings.js'
import { InvalidArgumentError } from '../errors.js'
import type { CommonOptions, Method } from '../options.js'
import type { Call, Exchange } from '../protocol/call.js'
import { decodeMediaId, endpointFacts, endsInValue } from '../protocol/endpoints.js'
import type { OpenV2 } from '../protocol/v2/v2.js'
import { openV3 } from '../protocol/v3/v3.js'
import type { WechatPayResponse } from '../response.js'
import { calls, Trace } from '../telemetry/trace.js'
import { carrierFor } from '../transport/agents.js'
import { readHeaders } from '../transport/headers.js'
import { type Attempt, Outages, withRetry } from '../transport/retry.js'
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
  readonly outages: Outages
}

export function createClient(
  settings: Settings,
  verifierFor: VerifierFor,
  clock: Clock = systemClock,
  outages = new Outages(clock.monotonic),
): { send: SendCall; fetchFile: FetchFile } {
  let v2: Promise<OpenV2> | undefined
  const openV2: OpenV2 = async call => {
    // Loaded on first use: a client that only calls APIv3 starts without it.
    v2 ??= import('../protocol/v2/v2.js').then(({ createV2 }) => createV2(settings, sendCall, clock.monotonic))
    return (await v2)(call)
  }
  const context: CallContext = { settings, verifierFor, clock, openV2, outages }
  const { hooks } = settings
  const hasHooks = hooks.request ?? hooks.response ?? hooks.retry ?? hooks.failure
  /** Runs a call, with a trace if it has a hook or a subscriber. */
  const traced = (method: Method, template: string, call: (trace?: Trace) => Promise<Response>): Promise<Response> => {
    if (!hasHooks && !calls.hasSubscribers) return call()
    const trace = new Trace(method, template, settings)
    return trace.run(() => call(trace))
  }
  const sendCall: SendCall = (method, template, given, rewritten = []) =>
    traced(method, template, trace => prepare({ method, template, given, rewritten, trace }))
  const prepare = async ({ method, template, given, rewritten, trace }: Given): Promise<Response> => {
    for (const path of rewritten) if (endsInValue(path)) throw new InvalidArgumentError(valueInName(path))
    const { values, options } = readCallOptions(given, templateNames(template), template)
    const path = expandTemplate(template, decodeMediaId(template, values))
    const headers =
      options.headers === undefined ? settings.headers : { ...settings.headers, ...readHeaders(options.headers) }
    refuseForeignPath(path, settings.caller)
    const facts = endpointFacts(method, path)
    return await withFiles(options, opened =>
      exchange({ method, template, path, options: opened, headers, facts, file: undefined, trace }, context),
    )
  }
  const fetchFile: FetchFile = (location, given) => {
    // Its query holds a token, which is not for hooks and errors to show.
    const [template = ''] = location.target.slice(1).split('?', 1)
    return traced('GET', template, trace => prepareFile(location, template, given, trace))
  }
  const prepareFile = async (
    { origin, target, isApi }: FileLocation,
    template: string,
    given: FileOptions,
    trace: Trace | undefined,
  ): Promise<Response> => {
    const { options } = readCallOptions({ ...given, base_uri: origin }, [], template)
    const own = readHeaders(options.headers)
    const headers = isApi ? { ...settings.headers, ...own } : own
    const facts = endpointFacts('GET', '')
    return exchange({ method: 'GET', template, path: target, options, headers, facts, file: { isApi }, trace }, context)
  }
  return { send: sendCall, fetchFile }
}

function valueInName(path: string): string {
  const above = path.slice(0, path.lastIndexOf('/'))
  return `The segment after ${quote(`/${above}`)} must be a placeholder, since it is a value, whose capital letters a property name does not keep. Write \`_name_\` there and pass the value in the options, or write the path in chain().`
}

function refuseForeignPath(path: string, { option }: Caller): void {
  const isOfBrands = /^\/brand(?:[/?]|$)/.test(path)
  if (isOfBrands === (option === 'brand_id')) return
  throw new InvalidArgumentError(
    isOfBrands
      ? `Paths under /brand/ are for the client of a brand; this one has a \`mchid\`. Create one with \`brand_id\` in place of \`mchid\`.`
      : `The client of a brand supports paths under /brand/ only; got a different path. Create a client with \`mchid\` in place of \`brand_id\`.`,
  )
}

/** A call as it was written. */
interface Given {
  method: Method
  template: string
  given: object
  rewritten: readonly string[]
  trace: Trace | undefined
}

type Filled = Omit<Call, 'deadline'> & { trace: Trace | undefined }

async function exchange(filled: Filled, context: CallContext): Promise<Response> {
  const { settings, clock, outages } = context
  const { method, template, path, options, headers, facts, file, trace } = filled
  const transport = overrideTransport(settings.transport, options)
  const deadline = new Deadline({ timeout: transport.timeout, signal: options.signal, now: clock.monotonic })
  if (trace) trace.deadline = deadline
  deadline.requireNotAborted()
  const call: Call = { method, template, path, options, headers, facts, deadline, file }
  const baseUris = baseUrisFor(call, transport, settings)
  const opened = await openExchange(call, baseUris[0], context)
  // Checked before anything is sent, and the same for most calls.
  const first = destinationOf(baseUris[0], opened.target)
  let destination = first
  const response = await withRetry(
    {
      method,
      policy: transport.retry,
      baseUris,
      deadline,
      outages,
      clock,
      onBudgetSpent: () => trace?.noteBudgetSpent(),
      onRetry: (_attempt, outcome, delay) => trace?.noteRetry(outcome, delay, outages.budget),
    },
    attempt => {
      destination = attempt.baseUri === baseUris[0] ? first : destinationOf(attempt.baseUri, opened.target)
      return sendOnce(attempt, destination, { call, opened, transport, context, trace })
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
  trace: Trace | undefined
}

async function sendOnce(
  attempt: Attempt,
  destination: Destination,
  { call, opened, transport, context: { settings, clock }, trace }: Sending,
): Promise<IncomingResponse> {
  call.deadline.requireNotAborted()
  const started = clock.monotonic()
  trace?.noteAttempt(attempt)
  const carrying = carrierFor(transport.dispatcher, settings.pool, opened.identity)
  // If both fail, the signature's error counts.
  if (carrying instanceof Promise) carrying.catch(() => {})
  const request = await opened.encode(destination)
  const carrier = carrying instanceof Promise ? await carrying : carrying
  trace?.noteRequest(request.body?.length ?? 0)
  const response = await send(request, { carrier, deadline: call.deadline, download: opened.download })
  trace?.noteResponse(response, clock.monotonic() - started)
  return response
}

// A call with its own `base_uri`, and a call to an endpoint that is documented at one host only, never go to a different host.
function baseUrisFor(call: Call, { baseUri }: TransportSettings, settings: Settings): [URL, ...URL[]] {
  const isDefault = baseUri === settings.transport.baseUri
  const documented = isDefault && settings.isMainHost ? call.facts.baseUri : undefined
  if (documented) return [new URL(documented)]
  return isDefault && settings.fallbackUri ? [baseUri, settings.fallbackUri] : [baseUri]
}
