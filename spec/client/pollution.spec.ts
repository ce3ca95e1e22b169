/** What something else in the process adds to `Object.prototype` changes no call. */
import { afterAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { config, startGateway } from '../gateway.js'

const [gateway, elsewhere] = await Promise.all([startGateway(), startGateway()])
afterAll(() => Promise.all([gateway.close(), elsewhere.close()]))
beforeEach(() => {
  gateway.requests.length = 0
  elsewhere.requests.length = 0
})

const trap = () => {
  throw new Error('called')
}

it.each<[string, unknown]>([
  ['base_uri', elsewhere.url],
  ['fallback_uri', elsewhere.url],
  ['headers', { 'x-foreign': 'yes' }],
  ['json', { amount: 1 }],
  ['xml', { amount: 1 }],
  ['body', 'foreign'],
  ['query', 'foreign=1'],
  ['file', 'foreign'],
  ['meta', {}],
  ['sink', '/nowhere/at/all'],
  ['dispatcher', { dispatch: trap }],
  ['proxy', 'http://127.0.0.1:1'],
  ['connections', 0],
  ['ca', 'foreign'],
  ['timeout', 1e-9],
  ['retry', false],
  ['attempts', 0],
  ['methods', ['GET', 'POST']],
  ['statuses', [200]],
  ['encrypt', 'foreign'],
  ['sandbox', true],
  ['security', true],
  ['signer', { serial: 'x', sign: trap }],
  ['verifier', { announcedSerial: trap, verify: trap }],
  ['store', {}],
  ['merchant', {}],
  ['on', { request: trap }],
  ['request', trap],
  ['upgrade', 'foreign'],
  ['servername', 'foreign'],
  ['reset', true],
  ['expectContinue', true],
  ['throwOnError', true],
])('%s', async (name, value) => {
  Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
  onTestFinished(() => {
    Reflect.deleteProperty(Object.prototype, name)
  })
  const wxpay = Builder.factory({ ...config, base_uri: gateway.url })
  await wxpay.chain('v3/orders/{id}').post({ id: '1', retry: { attempts: 2 } })
  expect(elsewhere.requests).toEqual([])
  expect(gateway.requests).toMatchObject([{ method: 'POST', url: '/v3/orders/1', isSigned: true }])
  const [request] = gateway.requests
  expect(String(request?.body)).toBe('')
  expect(request?.headers).not.toHaveProperty('x-foreign')
})
