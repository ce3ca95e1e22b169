/** OpenTelemetry: a span and a duration for each call, after the semantic conventions for HTTP clients. */
import { tracingChannel } from 'node:diagnostics_channel'
import { type Attributes, metrics, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { version } from '../version.js'
import type { CallTrace } from './trace.js'

const NAME = 'wechatpay-chain'

/** Seconds, as the conventions advise. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

let stop: (() => void) | undefined

/**
 * Makes a span for every call of every client, and records its duration as `http.client.request.duration`, with the
 * global providers. Both are named by method and path without values, and there is no `url.full`: they contain no data
 * of the call. Call it once, after the providers are set. Returns a function that stops it.
 */
export function instrument(): () => void {
  stop ??= subscribe()
  return stop
}

function subscribe(): () => void {
  const tracer = trace.getTracer(NAME, version)
  const durations = metrics.getMeter(NAME, version).createHistogram('http.client.request.duration', {
    description: 'Duration of HTTP client requests.',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS },
  })
  const spans = new WeakMap<CallTrace, Span>()
  const channel = tracingChannel<unknown, CallTrace>('wechatpay-chain:call')
  const subscribers = {
    start(call: CallTrace) {
      const { method, path } = call
      const attributes = requestAttributes(call)
      spans.set(call, tracer.startSpan(`${method} ${path}`, { kind: SpanKind.CLIENT, attributes }))
    },
    asyncEnd(call: CallTrace) {
      const attributes = { ...requestAttributes(call), ...outcomeAttributes(call) }
      durations.record((call.duration ?? 0) / 1000, attributes)
      const span = spans.get(call)
      if (!span) return
      span.setAttributes({ ...attributes, ...spanAttributes(call) })
      if (call.error) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    },
    end() {},
    asyncStart() {},
    error() {},
  }
  channel.subscribe(subscribers)
  return () => {
    channel.unsubscribe(subscribers)
    stop = undefined
  }
}

function requestAttributes({ method, path, protocol, host }: CallTrace): Attributes {
  const { hostname, port } = new URL(`${protocol}//${host}`)
  return {
    'http.request.method': method,
    'url.scheme': protocol.slice(0, -1),
    'url.template': path,
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
  }
}

function outcomeAttributes({ statusCode, error }: CallTrace): Attributes {
  return {
    ...(statusCode !== undefined && { 'http.response.status_code': statusCode }),
    ...(error && { 'error.type': isCode(error.code) ? error.code : String(statusCode ?? '_OTHER') }),
  }
}

// Most error responses are not signed, so the code may be anything.
function isCode(code: string): boolean {
  return /^[A-Z][A-Z_]{1,40}(?:\d{3})?$/.test(code)
}

function spanAttributes({ attempt, requestId }: CallTrace): Attributes {
  return {
    ...(attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
    ...(requestId !== undefined && { 'http.response.header.request-id': [requestId] }),
  }
}
