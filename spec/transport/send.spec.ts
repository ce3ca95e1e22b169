import { getEventListeners, once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Agent } from 'undici'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { TransportError, WechatPayError } from '../../lib/errors.js'
import type { StreamedBody } from '../../lib/transport/send.js'
import { type SendOptions, send } from '../../lib/transport/send.js'
import { Deadline } from '../../lib/util/deadline.js'
import { failure } from '../async.js'

let server: Server
let listener: RequestListener
let arrived: string[]
let agent: Agent

beforeEach(async () => {
  arrived = []
  server = createServer((request, response) => {
    arrived.push(`${request.method} ${request.url}`)
    listener(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  agent = new Agent()
})

afterEach(async () => {
  await agent.destroy()
  server.closeAllConnections()
  server.close()
})

const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

interface Options extends Partial<Omit<SendOptions, 'deadline'>> {
  timeout?: number
  signal?: AbortSignal
}

const post = ({ timeout = 20_000, signal, ...options }: Options = {}, to = origin()) =>
  send(
    { method: 'POST', origin: to, path: '/v3/pay?a=1', headers: { 'x-own': 'yes' }, body: Buffer.from('{"a":1}') },
    { carrier: { dispatcher: agent }, deadline: new Deadline({ timeout, signal }), download: false, ...options },
  )

describe('a response', () => {
  it('of any status is returned whole, with its status and headers', async () => {
    listener = async (request, response) => {
      response.writeHead(418, { 'X-Told': [String(request.headers['x-own']), await text(request)] })
      response.write('first ')
      response.end('second')
    }
    const answer = await post()
    expect(answer.statusCode).toBe(418)
    expect(answer.headers['x-told']).toEqual(['yes', '{"a":1}'])
    expect(String(answer.body)).toBe('first second')
  })

  it('that redirects is not followed', async () => {
    listener = (_request, response) => response.writeHead(302, { location: `${origin()}/v3/elsewhere` }).end()
    expect((await post()).statusCode).toBe(302)
    expect(arrived).toEqual(['POST /v3/pay?a=1'])
  })

  it('that is too large for the memory is aborted', async () => {
    listener = (_request, response) => {
      const more = () => response.write(Buffer.alloc(1024 * 1024)) && setImmediate(more)
      response.on('drain', more)
      more()
    }
    expect(await failure(post())).toMatchObject({ code: 'ERR_RESPONSE_TOO_LARGE', sent: true })
  })
})

describe('a failure says whether the request may have been sent', () => {
  it('a closed port: not sent', async () => {
    const closed = origin()
    server.close()
    await once(server, 'close')
    const error = await failure(post({}, closed))
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({ code: 'ERR_CONNECT', sent: false })
  })

  it('a host that does not exist: not sent', async () => {
    expect(await failure(post({}, 'http://does-not-exist.invalid'))).toMatchObject({
      code: 'ERR_CONNECT',
      sent: false,
    })
  })

  it('a server that does not speak TLS: not sent', async () => {
    expect(await failure(post({}, origin().replace('http:', 'https:')))).toMatchObject({
      code: 'ERR_CONNECT',
      sent: false,
    })
  })

  it('a connection dropped after the request arrived: sent, and the server saw it once', async () => {
    listener = request => request.socket.destroy()
    expect(await failure(post())).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: true })
    expect(arrived).toHaveLength(1)
  })

  it('a connection dropped in the middle of the response: sent', async () => {
    listener = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => response.socket?.destroy())
    }
    expect(await failure(post())).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: true })
  })

  it('a server that does not speak HTTP: sent', async () => {
    const nonsense = createSocketServer(socket => socket.end('220 mail.example ESMTP\r\n'))
    nonsense.listen(0, '127.0.0.1')
    await once(nonsense, 'listening')
    const { port } = nonsense.address() as AddressInfo
    expect(await failure(post({}, `http://127.0.0.1:${port}`))).toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      sent: true,
    })
    nonsense.close()
  })

  it('the longest allowed timeout does not end the call at once', async () => {
    listener = (_request, response) => response.end('{}')
    expect(await post({ timeout: 2 ** 31 - 1 })).toMatchObject({ statusCode: 200 })
  })

  it('a response that does not come in time: sent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    listener = () => {}
    const sending = failure(post({ timeout: 1000 }))
    while (arrived.length === 0) await nextTurn()
    await vi.advanceTimersByTimeAsync(2000)
    expect(await sending).toMatchObject({ code: 'ERR_TIMEOUT', sent: true })
  })

  it('a call that no longer waits closes its connection', async () => {
    const controller = new AbortController()
    const closed = new Promise<void>(resolve => {
      listener = request => {
        request.socket.once('close', () => resolve())
        controller.abort()
      }
    })
    await failure(post({ signal: controller.signal }))
    await closed
  })

  it('a signal that outlives its calls keeps no listener of theirs', async () => {
    const { signal } = new AbortController()
    listener = (_request, response) => response.end('x')
    await post({ signal })
    const { body } = await post({ signal, download: true })
    await text(body as Readable)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('a signal that aborts before the response: sent, with its reason as the cause', async () => {
    const controller = new AbortController()
    listener = () => controller.abort('the user left')
    expect(await failure(post({ signal: controller.signal }))).toMatchObject({
      code: 'ERR_ABORTED',
      sent: true,
      cause: 'the user left',
    })
  })

  it('a signal that aborted before: not sent, and nothing arrives', async () => {
    expect(await failure(post({ signal: AbortSignal.abort() }))).toMatchObject({ code: 'ERR_ABORTED', sent: false })
    expect(arrived).toEqual([])
  })

  it('a signal that aborts while connecting: not sent, even if the connection succeeds later', async () => {
    const controller = new AbortController()
    const sending = failure(post({ signal: controller.signal }))
    controller.abort()
    expect(await sending).toMatchObject({ code: 'ERR_ABORTED', sent: false })
    listener = (_request, response) => response.end()
    await post()
    expect(arrived).toHaveLength(1)
  })
})

describe('a download', () => {
  const download = (options: Options = {}) => post({ download: true, ...options })

  it('is a stream', async () => {
    listener = (_request, response) => response.end('content')
    const { body } = await download()
    expect(body).toBeInstanceOf(Readable)
    expect(await text(body as Readable)).toBe('content')
  })

  it('that fails is returned whole', async () => {
    listener = (_request, response) => response.writeHead(404).end('{"code":"NO_STATEMENT_EXIST"}')
    expect(String((await download()).body)).toBe('{"code":"NO_STATEMENT_EXIST"}')
  })

  it('holds back a server that is faster than its reader', async () => {
    const sent = { bytes: 0 }
    listener = (_request, response) => {
      Readable.from(
        (function* () {
          for (let n = 0; n < 512; n++) {
            sent.bytes += 65_536
            yield Buffer.alloc(65_536)
          }
        })(),
      ).pipe(response)
    }
    const body = (await download()).body as Readable
    const iterator = body[Symbol.asyncIterator]()
    await iterator.next()
    // A second call that is answered shows that the server had its turn meanwhile.
    listener = (_request, response) => response.end()
    for (let turn = 0; turn < 100; turn++) await post()
    expect(sent.bytes).toBeLessThan(512 * 65_536)
    expect(body.readableLength).toBeLessThan(1024 * 1024)
    let read = 65_536
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) read += next.value.length
    expect(read).toBeGreaterThanOrEqual(512 * 65_536)
  })

  it('that is interrupted fails its reader with a TransportError', async () => {
    listener = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => setImmediate(() => response.socket?.destroy()))
    }
    const { body } = await download()
    expect(await failure(text(body as Readable))).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: true })
  })

  it('may take longer than the timeout, which is for its beginning', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    let finish = () => {}
    listener = (_request, response) => {
      response.write('first ')
      finish = () => response.end('second')
    }
    const body = (await download({ timeout: 1000 })).body as Readable
    await vi.advanceTimersByTimeAsync(2000)
    finish()
    expect(await text(body)).toBe('first second')
  })

  it('that redirects is returned whole', async () => {
    listener = (_request, response) => response.writeHead(302, { location: `${origin()}/v3/elsewhere` }).end('moved')
    expect(String((await download()).body)).toBe('moved')
  })

  it('that its reader destroys closes the connection', async () => {
    const closed = new Promise<void>(resolve => {
      listener = (request, response) => {
        request.socket.once('close', () => resolve())
        response.write('first')
      }
    })
    const body = (await download()).body as Readable
    body.destroy()
    await closed
  })

  it('is ended by the signal while it is read', async () => {
    const controller = new AbortController()
    listener = (_request, response) => response.write('first')
    const body = (await download({ signal: controller.signal })).body as Readable
    await body[Symbol.asyncIterator]().next()
    const reading = failure(text(body))
    controller.abort()
    expect(await reading).toBeInstanceOf(Error)
  })
})

describe('a streamed body', () => {
  const upload = (body: StreamedBody) =>
    send(
      { method: 'POST', origin: origin(), path: '/', headers: {}, body },
      { carrier: { dispatcher: agent }, deadline: new Deadline({ timeout: 20_000 }), download: false },
    )

  /** A body of so many pieces of 64 KB, and how many of them were asked for. */
  function pieces(count: number) {
    const taken = { pieces: 0 }
    const open = () =>
      Readable.from(
        (function* () {
          for (; taken.pieces < count; taken.pieces++) yield Buffer.alloc(65_536)
        })(),
        { objectMode: false },
      )
    return { taken, body: { length: count * 65_536, open } }
  }

  it('arrives whole, with its length', async () => {
    let size = 0
    listener = (request, response) => {
      request.on('data', chunk => {
        size += chunk.length
      })
      request.on('end', () => response.end(request.headers['content-length']))
    }
    const answer = await upload(pieces(40).body)
    expect(String(answer.body)).toBe(String(40 * 65_536))
    expect(size).toBe(40 * 65_536)
  })

  it('waits for a server that is slower than its reader', async () => {
    const arrives = new Promise<IncomingMessage>(resolve => {
      listener = (request, response) => {
        request.pause()
        resolve(request)
        request.on('end', () => response.end())
      }
    })
    const { taken, body } = pieces(1024)
    const sending = upload(body)
    const request = await arrives
    // A second call that is answered shows that the first had its turn meanwhile.
    listener = (_request, response) => response.end()
    await post()
    expect(taken.pieces).toBeLessThan(1024)
    request.resume()
    expect((await sending).statusCode).toBe(200)
    expect(taken.pieces).toBe(1024)
  })

  it('that fails, fails with its own error', async () => {
    listener = request => request.on('error', () => {})
    const broken = new WechatPayError('the disk is gone', { code: 'ERR_FILE_READ' })
    const open = () =>
      Readable.from(
        (async function* () {
          yield Buffer.alloc(10)
          throw broken
        })(),
        { objectMode: false },
      )
    expect(await failure(upload({ length: 20, open }))).toBe(broken)
  })
})
