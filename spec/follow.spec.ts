import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { Agent, type Dispatcher } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Bill from '../lib/bill/index.js'
import * as Builder from '../lib/builder.js'
import type { RequestInfo } from '../lib/config/hooks.js'
import { ApiError, InvalidArgumentError } from '../lib/errors.js'
import * as Media from '../lib/media.js'
import { failure, readAll } from './async.js'
import { answer, config, type Gateway, sha1, startGateway, unsignedAnswer } from './gateway.js'

const file = createHash('sha512').update('a file').digest()
const digest = (algorithm: string, content: string | Buffer = file) =>
  createHash(algorithm).update(content).digest('hex')

let gateway: Gateway
/** The origins that requests were for, in turn; all of them go to the gateway. */
let origins: string[]
let told: RequestInfo[]
let dispatcher: Dispatcher
let wxpay: ReturnType<typeof Builder.factory>
let folder: string
let sink: string

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(async () => {
  gateway.requests.length = 0
  gateway.answers = [unsignedAnswer(200, file)]
  origins = []
  told = []
  const toGateway: Dispatcher.DispatcherComposeInterceptor = dispatch => (options, handler) => {
    origins.push(String(options.origin))
    return dispatch({ ...options, origin: gateway.url.slice(0, -1) }, handler)
  }
  dispatcher = new Agent().compose(toGateway)
  wxpay = Builder.factory({
    ...config,
    dispatcher,
    headers: { 'X-Own': 'for the API' },
    retry: false,
    on: { request: info => told.push(info) },
  })
  folder = await mkdtemp(join(tmpdir(), 'spec-'))
  sink = join(folder, 'file')
  return async () => {
    await dispatcher.close()
    await rm(folder, { recursive: true })
  }
})

describe('a file that a response names is fetched', () => {
  it.each([
    [
      'a receipt of a transfer',
      'v3/fund-app/mch-transfer/elecsign/out-bill-no/x',
      {
        state: 'FINISHED',
        hash_type: 'SHA256',
        hash_value: digest('sha256').toUpperCase(),
        download_url:
          'https://api.mch.weixin.qq.com/v3/transferbilldownload/elecvoucherfile?source=elecsign&token=a%2Bb',
      },
    ],
    [
      'a receipt with an SM3 digest',
      'v3/platsolution/mch-transfer/x',
      {
        hash_type: 'SM3',
        hash_value: digest('sm3'),
        download_url: 'https://api2.mch.weixin.qq.com/v3/billdownload/file?token=x',
      },
    ],
    [
      'a proof of funds, without a digest',
      'v3/webizpay/bill/proof',
      { download_url: 'https://api.wechatpay.cn/v3/some/new/path?token=x' },
    ],
    [
      'an overseas bill',
      'v3/global/profit-sharing/bill-download-url',
      { download_url: 'https://apihk.mch.weixin.qq.com/v3/bill/downloadurl?token=x', hash_value: sha1(file) },
    ],
  ])('from a host of the API, with a signed request: %s', async (_what, path, data) => {
    gateway.answers = [answer(200, data), unsignedAnswer(200, file)]
    const response = await wxpay.chain(path).get()
    expect((await Media.follow(wxpay, response, { sink })).statusCode).toBe(200)
    expect(await readFile(sink)).toEqual(file)
    const url = new URL(data.download_url)
    expect(origins[1]).toBe(url.origin)
    expect(gateway.requests[1]).toMatchObject({ method: 'GET', url: url.pathname + url.search, isSigned: true })
    expect(gateway.requests[1]?.headers['x-own']).toBe('for the API')
  })

  it.each([
    [
      'an invoice, from a list',
      {
        fapiao_download_info_list: [
          {
            fapiao_id: '1',
            download_url: 'https://pay.wechatpay.cn/invoicing/fapiao/fapiao-file?id=1',
            status: 'ISSUED',
          },
        ],
      },
      'https://pay.wechatpay.cn/invoicing/fapiao/fapiao-file?id=1',
    ],
    [
      'a coupon flow',
      {
        url: 'https://download-service.wechatpay.cn/mkt/storage/bill/download?bill_params=ABA%2B',
        stock_useflow_hash: sha1(file),
        stock_useflow_count: 2030,
      },
      'https://download-service.wechatpay.cn/mkt/storage/bill/download?bill_params=ABA%2B',
    ],
    ['an image', { url: 'https://wx.gtimg.tenpay.com/image.png' }, 'https://wx.gtimg.tenpay.com/image.png'],
  ])('from a host of files, without an Authorization: %s', async (_what, data, expected) => {
    gateway.answers = [answer(200, data), unsignedAnswer(200, file)]
    await Media.follow(wxpay, await wxpay.chain('v3/x').get(), { sink })
    expect(await readFile(sink)).toEqual(file)
    const [, { url = '', headers = {} } = {}] = gateway.requests
    expect(`${origins[1]}${url}`).toBe(expected)
    for (const name of ['authorization', 'wechatpay-serial', 'x-own']) expect(headers[name]).toBeUndefined()
  })

  it('by its URL: an image of a complaint, whose ID has a raw slash', async () => {
    const download_url = 'https://api.mch.weixin.qq.com/v3/merchant-service/images/ChsyCd/9CgB%3D%3D'
    await Media.follow(wxpay, { download_url }, { sink })
    expect(await readFile(sink)).toEqual(file)
    expect(gateway.requests[0]).toMatchObject({ url: '/v3/merchant-service/images/ChsyCd/9CgB%3D%3D', isSigned: true })
  })

  it('as an entry of a list', async () => {
    const list = ['a', 'b'].map(id => ({ download_url: `https://pay.wechatpay.cn/file?id=${id}` }))
    await Media.follow(wxpay, list[1] ?? {}, { sink })
    expect(gateway.requests[0]?.url).toBe('/file?id=b')
  })

  it('as a stream, without a sink', async () => {
    const { body } = await Media.follow(wxpay, {
      download_url: 'https://pay.wechatpay.cn/file',
      hash_value: sha1(file),
    })
    expect(await buffer(body)).toEqual(file)
  })

  it('from the `base_uri`, and its headers may be given', async () => {
    const client = Builder.factory({ ...config, base_uri: gateway.url })
    await Media.follow(client, { download_url: `${gateway.url}a/b?c=d` }, { sink, headers: { 'X-A': 'b' } })
    expect(gateway.requests[0]).toMatchObject({ url: '/a/b?c=d', isSigned: true, headers: { 'x-a': 'b' } })
  })

  it('by a path that begins as those of APIv2 do', async () => {
    await Media.follow(wxpay, { download_url: 'https://api.mch.weixin.qq.com/v2/file' }, { sink })
    expect(gateway.requests[0]).toMatchObject({ url: '/v2/file', isSigned: true })
  })

  it('and the token is not in what hooks are passed', async () => {
    await Media.follow(
      wxpay,
      { download_url: 'https://api.mch.weixin.qq.com/v3/billdownload/file?token=SECRET' },
      { sink },
    )
    expect(told).toMatchObject([{ path: '/v3/billdownload/file', host: 'api.mch.weixin.qq.com' }])
    expect(JSON.stringify(told)).not.toContain('SECRET')
  })
})

describe('a file that is not the one which was announced', () => {
  const download_url = 'https://pay.wechatpay.cn/file'

  it.each([
    ['SHA1', { hash_value: '0'.repeat(40) }],
    ['SHA256', { hash_type: 'SHA256', hash_value: digest('sha256', 'other') }],
    ['SM3', { hash_type: 'SM3', hash_value: digest('sm3', 'other') }],
    ['the digest of a coupon flow', { stock_refundflow_hash: digest('sha1', 'other') }],
  ])('by its %s is refused, and nothing is left', async (_what, announced) => {
    const error = await failure(Media.follow(wxpay, { download_url, ...announced }, { sink }))
    expect(error).toMatchObject({ code: 'ERR_DOWNLOAD_CONTENT' })
    expect(await readdir(folder)).toEqual([])
    const { body } = await Media.follow(wxpay, { download_url, ...announced })
    expect(await failure(buffer(body))).toMatchObject({ code: 'ERR_DOWNLOAD_CONTENT' })
  })

  it('by the sm3-digest of its own response is refused', async () => {
    gateway.answers = [
      unsignedAnswer(200, file, { 'sm3-digest': digest('sm3') }),
      unsignedAnswer(200, file.subarray(1), { 'sm3-digest': digest('sm3') }),
    ]
    await Media.follow(wxpay, { download_url }, { sink })
    await rm(sink)
    expect(await failure(Media.follow(wxpay, { download_url }, { sink }))).toMatchObject({
      code: 'ERR_DOWNLOAD_CONTENT',
    })
    expect(await readdir(folder)).toEqual([])
  })

  it.each([
    ['a part', unsignedAnswer(206, file.subarray(1))],
    [
      'without an end',
      (_request: unknown, response: { socket: { end(text: string): unknown } | null }) => {
        response.socket?.end('HTTP/1.1 200 OK\r\n\r\nHALF')
      },
    ],
  ])('because it is %s is refused, and nothing is left', async (_what, next) => {
    gateway.answers = [next]
    const error = await failure(Media.follow(wxpay, { download_url }, { sink }))
    expect(error).toMatchObject({ code: 'ERR_DOWNLOAD_INCOMPLETE' })
    expect(await readdir(folder)).toEqual([])
  })

  it.each([301, 302, 307, 308])('because it is a redirect (%i) is refused, which is not followed', async statusCode => {
    gateway.answers = [unsignedAnswer(statusCode, '', { location: 'https://pay.wechatpay.cn/other' })]
    const error = await failure(Media.follow(wxpay, { download_url }, { sink }))
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ statusCode })
    expect(gateway.requests).toHaveLength(1)
  })
})

describe('is refused before anything is sent:', () => {
  it.each([
    'https://evil.example/file',
    'http://api.mch.weixin.qq.com/file',
    'http://pay.wechatpay.cn/file',
    'https://wechatpay.cn.evil.example/file',
    'https://evilwechatpay.cn/file',
    'https://evil-tenpay.com/file',
    'https://evilmch.weixin.qq.com/file',
    'https://mp.weixin.qq.com/file',
    'https://user@pay.wechatpay.cn/file',
    'https://pay.wechatpay.cn:8443/file',
    'https://pay.wechatpay.cn\\@evil.example/file',
    'HTTPS://pay.wechatpay.cn/file',
    'https://PAY.wechatpay.cn/file',
    'https://pay.wechatpay.cn./file',
    'https://pay.wechatpay.cn?file',
    'https://xn--.wechatpay.cn@evil.example/',
    'file:///etc/passwd',
    'download://example.csv',
    '/v3/billdownload/file',
  ])('a URL that does not lead to WeChat Pay: %s', async download_url => {
    expect(await failure(Media.follow(wxpay, { download_url }, { sink }))).toBeInstanceOf(InvalidArgumentError)
    expect(() => Bill.follow(wxpay, { download_url })).toThrow(InvalidArgumentError)
    expect(gateway.requests).toEqual([])
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /got undefined/],
    ['a URL alone', 'https://pay.wechatpay.cn/file', /got a string/],
    ['no URL', { state: 'GENERATING' }, /got neither/],
    ['two URLs', { list: [{ url: 'https://pay.wechatpay.cn/a' }, { url: 'https://pay.wechatpay.cn/b' }] }, /several/],
    [
      'a digest that is not known',
      { url: 'https://pay.wechatpay.cn/a', hash_type: 'CRC', hash_value: '00' },
      /hash_type/,
    ],
  ])('%s', async (_what, response, message) => {
    // @ts-expect-error: some are no objects.
    const error = await failure(Media.follow(wxpay, response, { sink }))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(String(error)).toMatch(message)
    expect(gateway.requests).toEqual([])
  })

  it('an unknown option, a sink that cannot be one, and anything but a client', async () => {
    const named = { download_url: 'https://pay.wechatpay.cn/file' }
    const misspelt: object = { sinc: sink }
    expect(await failure(Media.follow(wxpay, named, misspelt))).toBeInstanceOf(InvalidArgumentError)
    const wrong: object = { sink: 42 }
    expect(await failure(Media.follow(wxpay, named, wrong))).toBeInstanceOf(InvalidArgumentError)
    const other: unknown = { chain: () => ({}) }
    expect(await failure(Media.follow(other as typeof wxpay, named))).toBeInstanceOf(InvalidArgumentError)
    expect(gateway.requests).toEqual([])
  })
})

it('a client of APIv2 alone fetches from a host of files, and cannot sign for one of the API', async () => {
  const client = Builder.factory({ mchid: config.mchid, secret: 'x'.repeat(32), dispatcher })
  await Media.follow(client, { download_url: 'https://pay.wechatpay.cn/file' }, { sink })
  expect(await readFile(sink)).toEqual(file)
  const error = await failure(Media.follow(client, { download_url: 'https://api.mch.weixin.qq.com/file' }))
  expect(error).toBeInstanceOf(InvalidArgumentError)
})

describe('a bill that a response names', () => {
  const csv = '交易时间,订单金额\r\n`2026-11-23,`0.03\r\n总交易单数\r\n`1\r\n'

  it.each([
    ['on whatever path', 'https://api.mch.weixin.qq.com/v3/bill/downloadurl?token=x', true],
    ['on a host of files', 'https://download-service.wechatpay.cn/mkt/storage/bill/download?a=b', false],
  ])('is read and saved: %s', async (_what, download_url, isSigned) => {
    gateway.answers = [
      answer(200, { download_url, hash_type: 'SHA1', hash_value: sha1(csv) }),
      unsignedAnswer(200, gzipSync(csv)),
      unsignedAnswer(200, csv),
    ]
    const bill = Bill.follow(wxpay, await wxpay.chain('v3/new/bill-of-today').get())
    expect(await readAll(bill.rows())).toEqual([{ 交易时间: '2026-11-23', 订单金额: '0.03' }])
    expect(bill.summary).toEqual({ 总交易单数: '1' })
    await bill.save(sink)
    expect(await readFile(sink, 'utf8')).toBe(csv)
    expect(gateway.requests.slice(1).map(request => request.isSigned)).toEqual([isSigned, isSigned])
  })

  it('is requested and fetched from a path that is not documented: a function of its own', async () => {
    const download_url = 'https://api.mch.weixin.qq.com/v3/bill/downloadurl?token=x'
    gateway.answers = [
      answer(200, { download_url, hash_type: 'SHA1', hash_value: sha1(csv) }),
      unsignedAnswer(200, csv),
    ]
    const bill = await Bill.trade(wxpay, { bill_date: '2026-11-23' })
    expect(await readAll(bill.rows())).toHaveLength(1)
  })

  it('without a digest is not saved where it may have been cut', async () => {
    gateway.answers = [(_request, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\n\r\n${csv}`)]
    const bill = Bill.follow(wxpay, { download_url: 'https://pay.wechatpay.cn/bill' })
    expect(await failure(bill.save(sink))).toMatchObject({ code: 'ERR_DOWNLOAD_INCOMPLETE' })
    expect(await readdir(folder)).toEqual([])
  })
})
