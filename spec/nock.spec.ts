import nock from 'nock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Builder from '../lib/builder.js'
import { config, signatureHeaders } from './gateway.js'

// nock stands in front of Node's sockets, so these have a file, and with it a process, of their own.
describe('users can test with nock', () => {
  const wxpay = Builder.factory(config)
  const host = () => nock('https://api.mch.weixin.qq.com')

  beforeAll(() => nock.disableNetConnect())
  afterAll(() => nock.restore())

  it('a response that they sign', async () => {
    const body = '{"nocked":true}'
    host()
      .get('/v3/x?a=1')
      .matchHeader('authorization', /^WECHATPAY2-SHA256-RSA2048 /)
      .reply(200, body, { 'content-type': 'application/json', ...signatureHeaders(body) })
    expect((await wxpay.chain('v3/x').get({ query: { a: 1 } })).data).toEqual({ nocked: true })
  })

  it('a payload', async () => {
    host().post('/v3/orders', { out_trade_no: '1' }).reply(204, '', signatureHeaders(''))
    expect((await wxpay.chain('v3/orders').post({ json: { out_trade_no: '1' } })).statusCode).toBe(204)
  })

  it('a refusal', async () => {
    host().post('/v3/orders').reply(400, { code: 'PARAM_ERROR', message: 'no' })
    await expect(wxpay.chain('v3/orders').post({ json: {} })).rejects.toMatchObject({
      code: 'PARAM_ERROR',
      statusCode: 400,
    })
  })

  it('a connection that is lost, and one that is refused', async () => {
    host()
      .post('/v3/orders')
      .replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
    await expect(wxpay.chain('v3/orders').post({ json: {} })).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      sent: true,
    })
    host()
      .post('/v3/orders')
      .replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
    await expect(wxpay.chain('v3/orders').post({ json: {}, retry: false })).rejects.toMatchObject({
      code: 'ERR_CONNECT',
      sent: false,
    })
  })
})
