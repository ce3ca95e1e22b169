import { Session } from 'node:inspector/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as v3 from './gateway.js'
import { keys, notice } from './notification/wechat-pay.js'
import { compileLibrary } from './trust/compiled.js'
import * as v2 from './v2-gateway.js'

// The files that a reader has to open to follow one call, or one notification, from its first line to its last.

const library = compileLibrary()
const [gateway, v2Gateway] = await Promise.all([v3.startGateway(), v2.startGateway()])
const { Builder, Notification } = (await import(`${library}index.js`)) as typeof import('../lib/index.js')

const session = new Session()

beforeAll(async () => {
  session.connect()
  await session.post('Profiler.enable')
})

afterAll(async () => {
  session.disconnect()
  await Promise.all([gateway.close(), v2Gateway.close()])
})

/** The files of the library with a function that runs when `act` runs for the second time. */
async function filesOf(act: () => Promise<unknown>): Promise<string[]> {
  await act()
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  try {
    await act()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    return result
      .filter(({ url }) => url.startsWith(library))
      .filter(({ functions }) => functions.some(({ ranges: [whole] }) => whole?.count))
      .map(({ url }) => url.slice(library.length))
      .sort()
  } finally {
    await session.post('Profiler.stopPreciseCoverage')
  }
}

const atMost = (most: number, files: string[]) => expect(files.length, files.join('\n')).toBeLessThanOrEqual(most)

describe('one call crosses few files', () => {
  const wxpay = Builder.factory({ ...v3.config, secret: v2.secret, base_uri: gateway.url })
  const chain = (path: string) => wxpay.chain(path)

  it('of APIv3, with a payload', async () => {
    const json = { appid: 'wx0', mchid: v3.config.mchid, description: 'tea', out_trade_no: '1', amount: { total: 1 } }
    const files = await filesOf(() => chain('v3/pay/transactions/native').post({ json }))
    expect(files).toEqual(expect.arrayContaining(['chain/proxy.js', 'protocol/v3/v3.js', 'transport/send.js']))
    atMost(30, files)
  })

  it('of APIv3, with a placeholder and a query', async () => {
    const files = await filesOf(() =>
      wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({
        out_trade_no: '1217752501201407033233368018',
        query: { mchid: v3.config.mchid },
      }),
    )
    expect(files).toContain('chain/uri-template.js')
    atMost(30, files)
  })

  it('of APIv2', async () => {
    const xml = { appid: 'wx0', out_trade_no: '1' }
    const files = await filesOf(() => chain('v2/pay/orderquery').post({ xml, base_uri: v2Gateway.url }))
    expect(files).toContain('protocol/v2/v2.js')
    atMost(33, files)
  })
})

it('one notification crosses few files', async () => {
  const handler = Notification.create(keys).handler(() => {})
  const files = await filesOf(async () => {
    const { headers, body } = notice()
    const response = await handler(new Request('https://merchant.example/notify', { method: 'POST', headers, body }))
    expect(response.status).toBe(204)
  })
  expect(files).toContain('notification/handler.js')
  atMost(18, files)
})
