import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { destinationOf, readBaseUri } from '../../lib/transport/settings.js'

const base = new URL('https://api.mch.weixin.qq.com/hk/')

describe('the address of a request', () => {
  it.each([
    '/v3/certificates',
    '/v3/pay/transactions/out-trade-no/a%2Fb?mchid=1900000109&x=%20%27',
    '/v3/a.b/c..d/~e;f=1,2:3@4!$&()*+',
    '/v3/x?a=../b&c=[1]',
    '/v3/x[1]|y',
    '/v3/_/-/',
  ])('%s is sent as it is, under the prefix', target => {
    expect(destinationOf(base, target)).toEqual({ origin: 'https://api.mch.weixin.qq.com', path: `/hk${target}` })
  })

  it.each([
    '/v3/./x',
    '/v3/../x',
    '/v3/%2e%2e/x',
    '/v3/x/..',
    '/v3/x/%2E',
    '/v3/\\x',
    '/v3/a b',
    '/v3/a\tb',
    '/v3/中',
    '/v3/x#y',
    '/v3/x?a="',
    "/v3/x?a='",
  ])('%j is refused: it would arrive differently', target => {
    expect(() => destinationOf(base, target)).toThrow(InvalidArgumentError)
  })

  it('agrees with a URL about every short path', () => {
    const pieces = ['/', '.', '%2e', '%2E', 'a', '?', ';', ':', '@', '*', '|', '[', "'", '\\', '%']
    const paths = pieces.reduce(
      (all, _piece, length) => (length < 4 ? all.flatMap(path => [path, ...pieces.map(piece => path + piece)]) : all),
      ['/'],
    )
    const origin = new URL(base.origin)
    const goes = (path: string) => {
      try {
        return destinationOf(origin, path).path
      } catch (error) {
        return error instanceof InvalidArgumentError ? undefined : error
      }
    }
    const arrives = (path: string) => {
      const { pathname, search } = new URL(base.origin + path)
      return pathname + search === path ? path : undefined
    }
    expect(paths.filter(path => goes(path) !== arrives(path))).toEqual([])
  })
})

describe('a base URI of plain http', () => {
  it.each([
    'http://api.mch.weixin.qq.com/',
    'http://api2.mch.weixin.qq.com',
    'http://apihk.mch.weixin.qq.com/hk/',
    'HTTP://API.MCH.WEIXIN.QQ.COM/',
    'http://api.mch.weixin.qq.com:443/',
    'http://api.mch.weixin.qq.com./',
    'http://fraud.mch.weixin.qq.com/',
    'http://api.wechatpay.cn/',
    'http://x.tenpay.com/',
  ])('is refused for a host of WeChat Pay: %s', url => {
    expect(() => readBaseUri(url, 'base_uri')).toThrow(InvalidArgumentError)
    expect(() => readBaseUri(url, 'base_uri')).toThrow(/`base_uri` must be https/)
  })

  it.each([
    'http://127.0.0.1:8900/',
    'http://localhost:8900/',
    'http://[::1]/',
    'http://simulator:8900/',
    'http://wechatpay.internal/',
    'http://proxy.example/api.mch.weixin.qq.com/',
    'http://notweixin.qq.com.example/',
  ])('is taken for a host that the user names: %s', url => {
    expect(readBaseUri(url, 'base_uri').href).toBe(url)
  })
})
