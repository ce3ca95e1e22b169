import { expect, it, vi } from 'vitest'
import * as Builder from '../../lib/builder.js'
import * as Notification from '../../lib/notification/index.js'
import { startGateway } from '../gateway.js'
import { createParty, encryptFor, seal, signatureHeaders } from '../sm2.js'

// An application that has not installed it.
vi.mock('@noble/curves/abstract/weierstrass.js', () => {
  throw new Error('ERR_MODULE_NOT_FOUND')
})

const merchant = createParty('merchant')
const platform = createParty('platform')
const apiv3Key = 'the-api-v3-key-of-this-merchant!'
const certs = { [platform.serial]: platform.certificate }
const missing = { code: 'ERR_PACKAGE_MISSING', message: expect.stringContaining('npm install @noble/curves') }

it('without @noble/curves all works but sensitive fields, which are refused before anything is sent', async () => {
  const gateway = await startGateway()
  const body = '{"ok":true}'
  gateway.answers = [(_request, response) => response.writeHead(200, signatureHeaders(body, platform)).end(body)]
  const { serial, privateKey } = merchant
  const wxpay = Builder.factory({ mchid: '1900000109', serial, privateKey, certs, base_uri: gateway.url })
  try {
    expect((await wxpay.chain('v3/orders/1').get()).statusCode).toBe(200)
    const batches: string = 'v3/bank-transfer/batches'
    const json = { transfer_detail_list: [{ user_name: '张三' }] }
    await expect(wxpay.chain(batches).post({ json })).rejects.toMatchObject(missing)
    const details: string = 'v3/bank-transfer/batches/out-batch-no/1/details/out-detail-no/2'
    await expect(wxpay.chain(details).get()).rejects.toMatchObject(missing)
    expect(gateway.requests.map(({ url }) => url)).toEqual(['/v3/orders/1'])
  } finally {
    await gateway.close()
  }
})

it('without @noble/curves a notification with a field for the merchant is not acknowledged', async () => {
  const { serial, privateKey } = merchant
  const receiver = Notification.create({ mchid: '1900000109', serial, privateKey, certs, apiv3Key })
  const parse = (event_type: string, resource: object) => {
    const encrypted = seal(JSON.stringify(resource), 'original')
    const body = JSON.stringify({ id: 'EV-1', event_type, resource: encrypted })
    return receiver.parse({ headers: signatureHeaders(body, platform), body })
  }
  await expect(parse('TRANSACTION.SUCCESS', { out_trade_no: '1' })).resolves.toMatchObject({ id: 'EV-1' })
  const phone_number = encryptFor(merchant, '13800000000')
  await expect(parse('MEMBERCARD.ACCEPT_CARD', { phone_number })).rejects.toMatchObject(missing)
})
