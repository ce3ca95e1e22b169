import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import * as Builder from '../lib/builder.js'
import { InvalidArgumentError, TransportError } from '../lib/errors.js'
import { failure } from './async.js'
import { answer, config, type Gateway, startGateway, unsignedAnswer } from './gateway.js'

const image = createHash('sha512').update('an image').digest()

let gateway: Gateway
let wxpay: ReturnType<typeof Builder.factory>
let folder: string
let sink: string

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(async () => {
  gateway.requests.length = 0
  gateway.answers = [unsignedAnswer(200, image, { 'content-type': 'image/png' })]
  wxpay = Builder.factory({ ...config, base_uri: gateway.url })
  folder = await mkdtemp(join(tmpdir(), 'spec-'))
  sink = join(folder, 'image.png')
  return async () => {
    vi.useRealTimers()
    await rm(folder, { recursive: true })
  }
})

const get = (media_id: string, options = {}) =>
  wxpay.chain('v3/merchant-service/images/{media_id}').get({ media_id, ...options })

/** A response that ends where its connection does. */
function unlimited(content: string): Gateway['answers'][number] {
  return (_request, response) => {
    response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n${content}`)
  }
}

/** The next response does not end; resolves when its connection is closed. */
function endless(): Promise<void> {
  return new Promise(resolve => {
    gateway.answers = [
      (_request, response) => {
        response.socket?.once('close', () => resolve())
        response.writeHead(200, { 'content-length': String(1 << 30) })
        const write = () => {
          while (!response.destroyed && response.write(image.toString('hex').repeat(512)));
          response.once('drain', write)
        }
        write()
      },
    ]
  })
}

/** Resolves when a stream that nobody reads holds as much as it may, and the handler has had its turn. */
async function full(body: Readable): Promise<void> {
  const turn = () => new Promise(resolve => setImmediate(resolve))
  while (body.readableLength < body.readableHighWaterMark) await turn()
  await turn()
}

describe('a download', () => {
  it('is written to a file', async () => {
    const response = await get('ChsyMDAw', { sink })
    expect(response.statusCode).toBe(200)
    expect(await readFile(sink)).toEqual(image)
  })

  it('is written to a stream', async () => {
    const stream = new PassThrough()
    const [content] = await Promise.all([buffer(stream), get('ChsyMDAw', { sink: stream })])
    expect(content).toEqual(image)
  })

  it('is the body without a sink', async () => {
    expect(await buffer((await get('ChsyMDAw')).body)).toEqual(image)
  })

  it('that breaks off leaves nothing behind and says so, and can be called again', async () => {
    gateway.answers = [
      (_request, response) => {
        response.writeHead(200, { 'content-length': String(image.length) })
        response.write(image.subarray(0, 10), () => setImmediate(() => response.socket?.destroy()))
      },
      unsignedAnswer(200, image),
    ]
    await expect(get('ChsyMDAw', { sink })).rejects.toThrow(TransportError)
    expect(await readdir(folder)).toEqual([])
    await get('ChsyMDAw', { sink })
    expect(await readFile(sink)).toEqual(image)
  })

  it('that does not say how long it is may have been cut, and is not stored as whole', async () => {
    gateway.answers = [unlimited('HALF')]
    expect(await failure(get('ChsyMDAw', { sink }))).toMatchObject({ code: 'ERR_DOWNLOAD_INCOMPLETE' })
    expect(await readdir(folder)).toEqual([])
    const { body } = await get('ChsyMDAw')
    expect((await buffer(body)).toString()).toBe('HALF')
  })

  it('that comes in chunks says where it ends', async () => {
    gateway.answers = [
      (_request, response) => {
        response.write(image.subarray(0, 10))
        response.end(image.subarray(10))
      },
    ]
    await get('ChsyMDAw', { sink })
    expect(await readFile(sink)).toEqual(image)
  })

  it.each([206, 204, 202, 203])('of which the response is not the whole is refused: %i', async statusCode => {
    gateway.answers = [unsignedAnswer(statusCode, statusCode === 204 ? '' : image.subarray(0, 10))]
    expect(await failure(get('ChsyMDAw', { sink }))).toMatchObject({ code: 'ERR_DOWNLOAD_INCOMPLETE' })
    expect(await failure(get('ChsyMDAw'))).toMatchObject({ code: 'ERR_DOWNLOAD_INCOMPLETE' })
    expect(await readdir(folder)).toEqual([])
  })

  it('may be a part that was requested', async () => {
    gateway.answers = [unsignedAnswer(206, image.subarray(0, 10))]
    await get('ChsyMDAw', { sink, headers: { Range: 'bytes=0-9' } })
    expect(await readFile(sink)).toEqual(image.subarray(0, 10))
  })

  it('that nobody reads is given up, so that it does not hold its connection for ever', async () => {
    const closed = endless()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { body } = await get('ChsyMDAw')
    await full(body)
    vi.advanceTimersByTime(60_000)
    await closed
    expect(await failure(buffer(body))).toMatchObject({ code: 'ERR_TIMEOUT' })
  })

  it('that is read slowly is not given up', async () => {
    const closed = endless()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { body } = await get('ChsyMDAw')
    for (let pause = 0; pause < 3; pause++) {
      await full(body)
      vi.advanceTimersByTime(pause === 0 ? 59_999 : 599_999)
      expect(body.read()).not.toBeNull()
    }
    expect(body.destroyed).toBe(false)
    body.destroy()
    await closed
  })

  it('that is refused leaves nothing behind', async () => {
    gateway.answers = [answer(404, { code: 'RESOURCE_NOT_EXISTS', message: '图片不存在' })]
    await expect(get('ChsyMDAw', { sink })).rejects.toMatchObject({ code: 'RESOURCE_NOT_EXISTS' })
    expect(await readdir(folder)).toEqual([])
  })

  it('to a sink that cannot be opened closes its connection', async () => {
    const closed = new Promise<void>(resolve => {
      gateway.answers = [
        (_request, response) => {
          response.socket?.once('close', () => resolve())
          response.writeHead(200, { 'content-length': String(1 << 30) })
          response.write(image)
        },
      ]
    })
    await expect(get('ChsyMDAw', { sink: join(folder, 'no', 'such') })).rejects.toMatchObject({ code: 'ERR_SINK' })
    await closed
  })

  it('to an invalid sink is refused before anything is sent', async () => {
    await expect(get('ChsyMDAw', { sink: 42 })).rejects.toThrow(InvalidArgumentError)
    expect(gateway.requests).toEqual([])
  })
})

it('a response that is not a file is also written to a sink, once it is verified', async () => {
  gateway.answers = [answer(200, { ok: true })]
  const response = await wxpay.chain('v3/undocumented').get({ sink })
  expect(response.data).toEqual({ ok: true })
  expect(await readFile(sink, 'utf8')).toBe('{"ok":true}')
})

describe('the id of an image', () => {
  it.each([
    ['as it was encoded for a URL', 'ChsyMDAw%2BwMTE%3D'],
    ['as it is', 'ChsyMDAw+wMTE='],
  ])('is encoded once: %s', async (_what, media_id) => {
    await get(media_id)
    expect(gateway.requests[0]).toMatchObject({
      url: '/v3/merchant-service/images/ChsyMDAw%2BwMTE%3D',
      isSigned: true,
    })
  })

  it.each([
    ['in the path', 'v3/merchant-service/images/ChsyMDAw%2BwMTE%3D', {}],
    ['with its reserved characters kept', 'v3/merchant-service/images/{+media_id}', { media_id: 'ChsyMDAw%2BwMTE%3D' }],
  ])('stays as it is written %s', async (_what, path, values) => {
    await wxpay.chain(path).get(values)
    expect(gateway.requests[0]).toMatchObject({
      url: '/v3/merchant-service/images/ChsyMDAw%2BwMTE%3D',
      isSigned: true,
    })
  })

  it('with a percent sign that encodes nothing is encoded like any other', async () => {
    await get('100%')
    expect(gateway.requests[0]?.url).toBe('/v3/merchant-service/images/100%25')
  })
})

it('the token of a receipt stays as WeChat Pay encoded it', async () => {
  await wxpay.chain('v3/transferdownload/elecvoucherfile?token=a%2Bb%2Fc%3D&x=1').get()
  expect(gateway.requests[0]).toMatchObject({
    url: '/v3/transferdownload/elecvoucherfile?token=a%2Bb%2Fc%3D&x=1',
    isSigned: true,
  })
})
