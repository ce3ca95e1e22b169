/** Bundlers and frameworks load this package several times in one process: what one copy made, the others take. */
import { afterAll, describe, expect, it, vi } from 'vitest'
import * as one from '../lib/index.js'
import { answer, config, startGateway } from './gateway.js'

vi.resetModules()
const two = await import('../lib/index.js')

const gateway = await startGateway()
afterAll(() => gateway.close())

describe('two copies in one process', () => {
  const wxpay = one.Builder.factory({ ...config, base_uri: gateway.url, apiv3Key: 'a'.repeat(32) })

  it('are two', () => {
    expect(two.WechatPayError).not.toBe(one.WechatPayError)
  })

  it('take one another’s clients for notifications, front-end parameters and new keys', () => {
    expect(() => two.Notification.create(wxpay)).not.toThrow()
    expect(two.Invoke.jsapi({ appId: 'wx1', prepay_id: 'wx2' }, wxpay)).toMatchObject({ signType: 'RSA' })
    two.Builder.renew(wxpay, { apiv3Key: 'b'.repeat(32) })
    expect(() => one.Notification.create(wxpay)).not.toThrow()
  })

  it('encrypt what the other marked as sensitive, and print none of it', async () => {
    const marked = two.sensitive('13800138000')
    expect(JSON.stringify(marked)).not.toContain('138')
    gateway.answers = [answer(200, {})]
    await wxpay.chain('v3/x').post({ json: { phone: marked } })
    const { phone } = JSON.parse(String(gateway.requests.at(-1)?.body))
    expect(Buffer.from(phone, 'base64')).toHaveLength(256)
  })

  it('know one another’s responses', async () => {
    gateway.answers = [answer(200, {})]
    const response = await wxpay.chain('v3/x').get()
    expect(response).toBeInstanceOf(two.WechatPayResponse)
    expect({ statusCode: 200 }).not.toBeInstanceOf(two.WechatPayResponse)
  })
})
