import { describe, expect, it } from 'vitest'
import { Router } from '../../../lib/simulator/gateway/router.js'

function route(path: string, method = 'GET') {
  return { method, path }
}

function router() {
  return new Router([
    route('/v3/pay/{any}/native'),
    route('/v3/pay/transactions/native'),
    route('/v3/pay/transactions/native', 'POST'),
    route('/v3/pay/transactions/{id}'),
    route('/v3/pay/{kind}/{id}/close'),
    route('/v3/applyment4sub/applyment/'),
  ])
}

function find(path: string, method = 'GET') {
  const { route: found, params } = router().find(method, path)
  return [found.method, found.path, params]
}

describe('a path', () => {
  it('yields the decoded values of its placeholders', () => {
    expect(find('/v3/pay/transactions/a%2Fb%20%E4%B8%AD')).toStrictEqual([
      'GET',
      '/v3/pay/transactions/{id}',
      { id: 'a/b 中' },
    ])
  })

  it('matches a literal before a placeholder, and backtracks when the literal has no match', () => {
    expect(find('/v3/pay/transactions/native')[1]).toBe('/v3/pay/transactions/native')
    expect(find('/v3/pay/orders/native')).toStrictEqual(['GET', '/v3/pay/{any}/native', { any: 'orders' }])
    expect(find('/v3/pay/transactions/native/close')).toStrictEqual([
      'GET',
      '/v3/pay/{kind}/{id}/close',
      { kind: 'transactions', id: 'native' },
    ])
  })

  it('has one route per method', () => {
    expect(find('/v3/pay/transactions/native', 'POST')[0]).toBe('POST')
    expect(() => find('/v3/pay/transactions/native', 'PUT')).toThrow(
      expect.objectContaining({ statusCode: 405, message: expect.stringContaining('GET, POST') }),
    )
  })

  it('ends in a slash only if it is documented so', () => {
    expect(find('/v3/applyment4sub/applyment/')[1]).toBe('/v3/applyment4sub/applyment/')
    expect(() => find('/v3/applyment4sub/applyment')).toThrow(expect.objectContaining({ statusCode: 404 }))
    expect(() => find('/v3/pay/transactions/native/')).toThrow(expect.objectContaining({ statusCode: 404 }))
  })

  it.each([
    '',
    '/',
    '*',
    '/v3',
    '/v3/pay',
    '/v3/pay/transactions/',
    '/v3//transactions/native',
    '/V3/pay/transactions/native',
  ])('without an endpoint is not found: %s', path => {
    expect(() => find(path)).toThrow(expect.objectContaining({ statusCode: 404, code: 'RESOURCE_NOT_EXISTS' }))
  })

  it('with invalid percent-encoding is refused', () => {
    expect(() => find('/v3/pay/transactions/%E4%B8')).toThrow(expect.objectContaining({ statusCode: 400 }))
  })
})
