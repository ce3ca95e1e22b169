import { createPublicKey, X509Certificate } from 'node:crypto'
import { Agent, createServer, request } from 'node:http'
import { connect } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { Simulator } from '../../lib/simulator/index.js'
import { authorization, get, order, post, send } from './raw-merchant.js'

const PATH = '/v3/certificates'

const simulator = await Simulator.start()
const { config } = simulator
afterAll(() => simulator.close())

describe('the merchant', () => {
  it('is complete, and can be stored as JSON', async () => {
    const copy = JSON.parse(JSON.stringify(config))
    expect(copy).toStrictEqual(config)
    expect(config.mchid).toBe('1900000109')
    expect(config.base_uri).toBe(`${simulator.url}/`)
    expect([config.apiv3Key.length, config.secret.length]).toStrictEqual([32, 32])
    expect((await get(copy, PATH)).status).toBe(200)
  })

  it('has a certificate with its mchid, its serial and its key', () => {
    const certificate = new X509Certificate(config.merchant.cert)
    expect(config.serial).toMatch(/^[4-7][0-9A-F]{39}$/)
    expect(certificate.serialNumber).toBe(config.serial)
    expect(certificate.subject).toContain('CN=1900000109')
    expect(certificate.issuer).toContain('Tenpay.com Root CA')
    const spki = (key: ReturnType<typeof createPublicKey>) => key.export({ type: 'spki', format: 'der' })
    expect(certificate.verify(createPublicKey(config.privateKey))).toBe(true)
    expect(spki(certificate.publicKey)).toStrictEqual(spki(createPublicKey(config.privateKey)))
  })

  it('has a platform certificate and a WeChat Pay public key, which are different keys', () => {
    const [certificate, publicKey] = Object.entries(config.certs)
    expect(certificate?.[0]).toBe(new X509Certificate(certificate?.[1] ?? '').serialNumber)
    expect(publicKey?.[0]).toMatch(/^PUB_KEY_ID_\d{28}$/)
    expect(publicKey?.[1]).toContain('BEGIN PUBLIC KEY')
    expect(createPublicKey(certificate?.[1] ?? '').equals(createPublicKey(publicKey?.[1] ?? ''))).toBe(false)
  })

  it('has the given mchid, and its own keys', async () => {
    const other = await Simulator.start({ mchid: '1230000109' })
    expect(new X509Certificate(other.config.merchant.cert).subject).toContain('CN=1230000109')
    expect(other.config.serial).not.toBe(config.serial)
    await other.close()
  })

  it('keeps its keys in a different simulator, which has its own orders', async () => {
    const payload = order(config)
    await post(config, '/v3/pay/transactions/native', payload)
    const again = await Simulator.start({ keys: simulator.keys })
    expect({ ...again.config, base_uri: config.base_uri }).toStrictEqual(config)
    const path = `/v3/pay/transactions/out-trade-no/${payload.out_trade_no}?mchid=${config.mchid}`
    expect((await get(again.config, path)).status).toBe(404)
    await again.close()
  })

  it('is hidden when the simulator is printed', () => {
    expect(inspect(simulator, { depth: 9, showHidden: true })).not.toMatch(/PRIVATE|apiv3Key/)
    expect(JSON.stringify(simulator)).toBe('{}')
  })
})

describe('a request', () => {
  it('for an unknown endpoint fails with 404 and names it', async () => {
    const response = await get(config, '/v3/unknown/endpoint')
    expect(response).toMatchObject({ status: 404, json: { code: 'RESOURCE_NOT_EXISTS' } })
    expect(response.json.message).toContain('GET /v3/unknown/endpoint')
  })

  it('with an unsupported method fails with 405 and names the supported ones', async () => {
    const response = await get(config, '/v3/pay/transactions/native')
    expect(response.status).toBe(405)
    expect(response.json.message).toMatch(/\/v3\/pay\/transactions\/native .*GET.* POST/)
  })

  it('may have a body of up to 8 MiB', async () => {
    const payload = order(config, { big: 'x'.repeat(8 * 1024 * 1024) })
    expect((await post(config, '/v3/pay/transactions/native', payload)).status).toBe(413)
    expect((await post(config, '/v3/pay/transactions/native', order(config, { big: 'x'.repeat(1e6) }))).status).toBe(
      200,
    )
  })
})

describe('the log', () => {
  it('shows requests and the status of their responses, without the signature', async () => {
    const payload = order(config)
    const path = '/v3/pay/transactions/native?a=%E4%B8%AD'
    const header = authorization(config, { method: 'POST', path, body: JSON.stringify(payload), nonce: 'n0nce' })
    await post(config, path, payload, { authorization: header })
    const entry = simulator.requests.at(-1)
    expect(entry).toMatchObject({
      method: 'POST',
      path,
      body: JSON.stringify(payload),
      statusCode: 200,
      headers: { 'user-agent': 'raw-merchant', authorization: '[redacted]' },
      authorization: {
        mchid: config.mchid,
        serial: config.serial,
        nonce: 'n0nce',
        timestamp: expect.stringMatching(/^\d+$/),
      },
    })
    const signature = /signature="([^"]+)"/.exec(header)?.[1] ?? header
    expect(inspect(entry, { depth: 9 })).not.toContain(signature)
  })

  it('shows refused requests', async () => {
    await get(config, '/v3/unknown', { authorization: 'Basic dXNlcjpwYXNz' })
    expect(simulator.requests.at(-1)).toMatchObject({
      statusCode: 404,
      headers: { authorization: '[redacted]' },
      authorization: undefined,
    })
    await get(config, '/v3/unknown', { authorization: undefined })
    expect(simulator.requests.at(-1)?.headers).not.toHaveProperty('authorization')
  })

  it('keeps the last 1000 requests and the first 64 KiB of a body', async () => {
    const short = await Simulator.start({ keys: simulator.keys })
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    const ask = (number: number) =>
      new Promise<void>((resolve, reject) => {
        request(`${short.url}/v3/unknown?${number}`, { agent }, response => response.resume().on('end', resolve))
          .on('error', reject)
          .end()
      })
    for (let number = 0; number <= 1000; number += 8)
      await Promise.all(Array.from({ length: 8 }, (_, i) => ask(number + i)))
    await send(short.config, { method: 'POST', path: '/v3/unknown', body: 'x'.repeat(70_000) })
    agent.destroy()
    await short.close()
    expect(short.requests).toHaveLength(1000)
    expect(short.requests.at(-1)?.body).toHaveLength(65_536)
  })
})

describe('closing', () => {
  it('ends idle connections and leaves nothing open', async () => {
    const open = () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length
    const before = open()
    const short = await Simulator.start({ keys: simulator.keys })
    const socket = connect(Number(new URL(short.url).port), '127.0.0.1')
    await new Promise(resolve => socket.once('connect', resolve))
    const ended = new Promise(resolve => socket.once('close', resolve))
    await get(short.config, PATH)
    await short.close()
    await ended
    await expect.poll(open, { timeout: 5000 }).toBeLessThanOrEqual(before)
    await expect(get(short.config, PATH)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('may be repeated, and works by disposal', async () => {
    const short = await Simulator.start({ keys: simulator.keys })
    await Promise.all([short.close(), short[Symbol.asyncDispose]()])
    await short.close()
    await expect(get(short.config, PATH)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('starting', () => {
  it('uses the given port, and fails when the port is in use', async () => {
    const holder = createServer()
    await new Promise<void>(resolve => holder.listen(0, '127.0.0.1', resolve))
    const address = holder.address()
    const port = typeof address === 'object' ? address?.port : undefined
    await expect(Simulator.start({ keys: simulator.keys, port: port ?? -1 })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await new Promise(resolve => holder.close(resolve))
    const started = await Simulator.start({ keys: simulator.keys, port: port ?? -1 })
    expect(started.url).toBe(`http://127.0.0.1:${port}`)
    await started.close()
  })

  it.each([
    [{ port: -1 }, /`port`.* -1/],
    [{ port: 65_536 }, /`port`.* 65536/],
    [{ httpsPort: 1.5 }, /`httpsPort`.* 1\.5/],
    [{ host: 8900 }, /`host`/],
    [{ notify: 'shop' }, /`notify`/],
    [{ as: ['https://api.mch.weixin.qq.com/'], httpsPort: 0 }, /`as`/],
    [{ as: ['api.mch.weixin.qq.com'] }, /`as`.*`httpsPort`/],
    [{ notify: ['http://shop/'] }, /`notify`/],
    [{ mchid: 'wx1' }, /`mchid`/],
    [{ mchid: 1900000109 }, /`mchid`/],
    [{ https: 1 }, /`https`/],
    [{ publicKeyOnly: 'yes' }, /`publicKeyOnly`/],
    [{ clock: 0 }, /`clock`/],
    [{ sleep: 0 }, /`sleep`/],
    [{ keys: {} }, /`keys`/],
    [{ mchId: '1' }, /`mchId`/],
  ])('refuses %o', async (options, message) => {
    const start = () => Reflect.apply(Simulator.start, Simulator, [options])
    await expect(start()).rejects.toThrow(InvalidArgumentError)
    await expect(start()).rejects.toThrow(message)
  })
})
