/** `timeout` and `signal` end every call, whatever part of it takes long. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import type { SendCall } from '../../lib/client/client.js'
import { openClient } from '../../lib/client/open-client.js'
import { readConfig } from '../../lib/config/config.js'
import { systemClock } from '../../lib/util/deadline.js'
import { failure } from '../async.js'
import { answer, config, signatureHeaders, startGateway } from '../gateway.js'

let server: Server
let listener: RequestListener
let closed: Promise<unknown>
/** Milliseconds on the client's clock. */
let passed: number
let send: SendCall

beforeEach(async () => {
  let close = (_: unknown) => {}
  closed = new Promise(resolve => {
    close = resolve
  })
  server = createServer((request, response) => {
    request.socket.once('close', close)
    listener(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base_uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  passed = 0
  const settings = readConfig({ ...config, secret: '0123456789abcdef0123456789abcdef', base_uri }, () => 0)
  send = openClient(settings, { ...systemClock, monotonic: () => passed }).send
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

describe('a download that begins and goes no further is ended by the timeout, and its connection is closed', () => {
  const xml = { appid: 'wx1', bill_date: '20260101', bill_type: 'ALL' }

  it.each<[string, Parameters<SendCall>, string]>([
    ['an overseas statement without a digest', ['GET', 'v3/global/statements', {}], 'a,b'],
    ['the first bytes of an APIv2 bill', ['POST', 'v2/pay/downloadbill', { xml }], '`'],
    ['the refusal of an APIv2 bill', ['POST', 'v2/pay/downloadbill', { xml }], `<xml><a>${'x'.repeat(64)}`],
  ])('%s', async (_what, call, beginning) => {
    listener = (_request, response) => {
      response.writeHead(200, signatureHeaders(''))
      response.write(beginning)
      passed += 30_000
    }
    expect(await failure(send(...call))).toMatchObject({ code: 'ERR_TIMEOUT', sent: true })
    await closed
  })
})

it('a signal ends such a download as well', async () => {
  const controller = new AbortController()
  listener = (_request, response) => {
    response.writeHead(200)
    response.write('a,b', () => controller.abort())
  }
  const call = send('GET', 'v3/global/statements', { signal: controller.signal })
  expect(await failure(call)).toMatchObject({ code: 'ERR_ABORTED', sent: true })
  await closed
})

describe('a call that is aborted before it begins', () => {
  const { privateKey: _, serial, ...keys } = config
  let signed = 0
  const signer = {
    serial,
    sign: async () => {
      signed++
      return 'c2lnbmVk'
    },
  }
  beforeEach(() => {
    signed = 0
  })

  it('asks nothing of the signer, and sends nothing', async () => {
    listener = () => expect.fail('sent')
    const client = Builder.factory({ ...keys, signer, base_uri: 'http://127.0.0.1:1/' })
    const call = client.chain('v3/x').post({ signal: AbortSignal.abort() })
    expect(await failure(call)).toMatchObject({ code: 'ERR_ABORTED', sent: false })
    expect(signed).toBe(0)
  })

  it('by the time that its payload was read asks nothing of the signer either', async () => {
    const controller = new AbortController()
    const body = Readable.from(
      (function* () {
        yield Buffer.from('{}')
        controller.abort()
      })(),
    )
    const client = Builder.factory({ ...keys, signer, base_uri: 'http://127.0.0.1:1/' })
    const call = client.chain('v3/x').post({ body, signal: controller.signal })
    expect(await failure(call)).toMatchObject({ code: 'ERR_ABORTED', sent: false })
    expect(signed).toBe(0)
  })
})

it('a signal that fifty calls and their pauses share warns nobody', async () => {
  const gateway = await startGateway()
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  const { signal } = new AbortController()
  const client = Builder.factory({ ...config, base_uri: gateway.url })
  // Fifty are refused and pause; the uploads share the signal while they are read.
  gateway.answers = [(...to) => answer(gateway.requests.length <= 50 ? 503 : 200, {})(...to)]
  await Promise.all([
    ...Array.from({ length: 50 }, () => client.chain('v3/x').get({ signal })),
    ...Array.from({ length: 12 }, () =>
      client
        .chain('v3/x')
        .post({ file: Readable.from(['x']), filename: 'a.png', signal })
        .catch(() => {}),
    ),
  ])
  // Warnings are emitted in a turn of their own.
  await new Promise(resolve => setImmediate(resolve))
  process.off('warning', note)
  expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([])
  await gateway.close()
})
