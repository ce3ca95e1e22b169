import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import {
  type Context,
  type ContextManager,
  context,
  metrics,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { instrument } from '../../lib/telemetry/opentelemetry.js'
import type { CallTrace } from '../../lib/telemetry/trace.js'
import { failure, skipPauses } from '../async.js'
import { answer, config, startGateway, unsignedAnswer } from '../gateway.js'

const spans = new InMemorySpanExporter()
const points = new InMemoryMetricExporter(AggregationTemporality.DELTA)
const reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 2 ** 30 })
const meters = new MeterProvider({ readers: [reader] })
const gateway = await startGateway()
const { port } = new URL(gateway.url)
let stop: () => void
const wxpay = Builder.factory({ ...config, base_uri: gateway.url })

beforeAll(() => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
  metrics.setGlobalMeterProvider(meters)
  stop = instrument()
})
afterAll(async () => {
  stop()
  trace.disable()
  metrics.disable()
  await Promise.all([gateway.close(), meters.shutdown()])
})
beforeEach(async () => {
  spans.reset()
  await durations()
  gateway.answers = [answer(200, { ok: true })]
})

/** The histogram of the calls since it was last read. */
async function durations() {
  await reader.forceFlush()
  const [metric] = points.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(scope => scope.metrics))
  points.reset()
  return metric
}

const native = {
  'http.request.method': 'POST',
  'url.scheme': 'http',
  'url.template': '/v3/orders/{id}',
  'server.address': '127.0.0.1',
  'server.port': Number(port),
}
const order = () => wxpay.chain('v3/orders/{id}').post({ id: 'ORDER1', json: { openid: 'SECRET' } })

describe('a call', () => {
  it('is a span and a duration, named by its method and path', async () => {
    await order()
    expect(spans.getFinishedSpans()).toMatchObject([
      {
        name: 'POST /v3/orders/{id}',
        kind: SpanKind.CLIENT,
        status: { code: SpanStatusCode.UNSET },
        instrumentationScope: { name: 'wechatpay-chain' },
      },
    ])
    const outcome = { ...native, 'http.response.status_code': 200 }
    expect(spans.getFinishedSpans()[0]?.attributes).toEqual({
      ...outcome,
      'http.response.header.request-id': ['08D0BC9A0610B0-0'],
    })
    const metric = await durations()
    expect(metric?.descriptor).toMatchObject({ name: 'http.client.request.duration', unit: 's' })
    expect(metric?.dataPoints).toMatchObject([{ attributes: outcome, value: { count: 1 } }])
  })

  it('that fails has its code, and nothing that it carried', async () => {
    gateway.answers = [answer(400, { code: 'PARAM_ERROR', message: 'SECRET' })]
    await failure(order())
    const [span] = spans.getFinishedSpans()
    expect(span?.status.code).toBe(SpanStatusCode.ERROR)
    expect(span?.attributes).toMatchObject({ ...native, 'http.response.status_code': 400, 'error.type': 'PARAM_ERROR' })
    const metric = await durations()
    expect(metric?.dataPoints).toMatchObject([{ attributes: { 'error.type': 'PARAM_ERROR' } }])
    const { attributes, events, status, name } = span ?? expect.fail('no span')
    expect(JSON.stringify([attributes, events, status, name, metric])).not.toMatch(/SECRET|ORDER1|WECHATPAY2/)
  })

  it('whose code may be anything has its status instead', async () => {
    gateway.answers = [answer(404, { code: 'order ORDER1 of 13800138000' })]
    await failure(order())
    expect(spans.getFinishedSpans()[0]?.attributes['error.type']).toBe('404')
  })

  it('that was refused before it was sent has a code and no status', async () => {
    await failure(wxpay.chain('v3/x').get({ jsno: 1 }))
    const { attributes } = spans.getFinishedSpans()[0] ?? expect.fail('no span')
    expect(attributes['error.type']).toBe('ERR_INVALID_ARGUMENT')
    expect(attributes).not.toHaveProperty('http.response.status_code')
  })

  it('that was repeated says how often', async () => {
    skipPauses()
    gateway.answers = [unsignedAnswer(503), answer(200, {})]
    await wxpay.chain('v3/x').get()
    expect(spans.getFinishedSpans()).toHaveLength(1)
    expect(spans.getFinishedSpans()[0]?.attributes).toMatchObject({
      'http.request.resend_count': 1,
      'http.response.status_code': 200,
    })
  })

  it('has a duration in seconds', async () => {
    let milliseconds = 0
    const channel = tracingChannel<unknown, CallTrace>('wechatpay-chain:call')
    const note = ({ duration = 0 }: CallTrace) => {
      milliseconds = duration
    }
    const ignore = () => {}
    const subscribers = { start: ignore, end: ignore, asyncStart: ignore, asyncEnd: note, error: ignore }
    channel.subscribe(subscribers)
    await order()
    channel.unsubscribe(subscribers)
    const value = (await durations())?.dataPoints[0]?.value
    expect(value).toMatchObject({ sum: milliseconds / 1000 })
  })

  it('is a child of the span that is active', async () => {
    const store = new AsyncLocalStorage<Context>()
    const manager: ContextManager = {
      active: () => store.getStore() ?? ROOT_CONTEXT,
      with: (active, act, self, ...args) => store.run(active, () => act.call(self as never, ...args)),
      bind: (_context, target) => target,
      enable: () => manager,
      disable: () => manager,
    }
    context.setGlobalContextManager(manager)
    const parent = trace.getTracer('spec').startSpan('parent')
    await context.with(trace.setSpan(context.active(), parent), order)
    context.disable()
    expect(spans.getFinishedSpans()[0]?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId)
  })
})

it('is instrumented once, however often it is asked for, until it is ended', async () => {
  expect(instrument()).toBe(stop)
  await order()
  expect(spans.getFinishedSpans()).toHaveLength(1)
  stop()
  await order()
  expect(spans.getFinishedSpans()).toHaveLength(1)
  stop = instrument()
  await order()
  expect(spans.getFinishedSpans()).toHaveLength(2)
})
