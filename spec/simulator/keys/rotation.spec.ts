import { createDecipheriv, X509Certificate } from 'node:crypto'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { InvalidArgumentError } from '../../../lib/errors.js'
import {
  Simulator,
  type SimulatorConfig,
  type SimulatorKeys,
  type SimulatorOptions,
} from '../../../lib/simulator/index.js'
import { get, isSigned, order, post } from '../raw-merchant.js'

const LIST = '/v3/certificates'
const NATIVE = '/v3/pay/transactions/native'
const NOW = Date.UTC(2026, 10, 24, 8)
const DAY = 24 * 60 * 60 * 1000
const YEAR = 365 * DAY

let keys: SimulatorKeys
beforeAll(async () => {
  const first = await Simulator.start({ clock: () => NOW })
  keys = first.keys
  await first.close()
})

const running: Simulator[] = []
async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await Simulator.start({ keys, ...options })
  running.push(simulator)
  return simulator
}
afterEach(() => Promise.all(running.splice(0).map(simulator => simulator.close())))

/** A simulator with an adjustable clock; `ask` sends a request with the same clock. */
async function startAt(begin: number) {
  let now = begin
  const simulator = await start({ clock: () => now })
  return {
    simulator,
    setClock: (time: number) => {
      now = time
    },
    ask: (headers: Record<string, string> = {}) =>
      get(simulator.config, LIST, { timestamp: Math.floor(now / 1000), headers }),
  }
}

interface Entry {
  serial_no: string
  effective_time: string
  encrypt_certificate: { nonce: string; associated_data: string; ciphertext: string }
}

function decryptCertificate({ encrypt_certificate: { nonce, associated_data, ciphertext } }: Entry): X509Certificate {
  const bytes = Buffer.from(ciphertext, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', keys.apiv3Key, nonce)
  decipher.setAAD(Buffer.from(associated_data)).setAuthTag(bytes.subarray(-16))
  return new X509Certificate(Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]))
}

const serials = (data: Entry[]) => data.map(({ serial_no }) => serial_no)

describe('a rotation', () => {
  it('lists the new certificate beside the old one, and signs with it at once', async () => {
    const { simulator, ask } = await startAt(NOW)
    const { serial } = await simulator.rotate()
    expect(serial).not.toBe(keys.platformCertificate.serial)
    const response = await ask()
    expect(response.headers['wechatpay-serial']).toBe(serial)
    expect(isSigned(response, simulator.config)).toBe(true)
    expect(serials(response.json.data)).toStrictEqual([serial, keys.platformCertificate.serial])
    expect(response.json.data[0].effective_time).toBe('2026-11-24T16:00:00+08:00')
    expect(response.json.data.map((entry: Entry) => decryptCertificate(entry).serialNumber)).toStrictEqual(
      serials(response.json.data),
    )
  })

  it('can list the new certificate before it signs, by the clock of the simulator', async () => {
    const { simulator, ask, setClock } = await startAt(NOW)
    const { serial } = await simulator.rotate({ signsIn: 5 * DAY })
    setClock(NOW + 5 * DAY - 1)
    const before = await ask()
    expect(serials(before.json.data)).toContain(serial)
    expect(before.headers['wechatpay-serial']).toBe(keys.platformCertificate.serial)
    setClock(NOW + 5 * DAY)
    expect((await ask()).headers['wechatpay-serial']).toBe(serial)
  })

  it('leaves the old certificate in the list until it expires', async () => {
    const { simulator, ask, setClock } = await startAt(NOW)
    const end = Date.parse(new X509Certificate(keys.platformCertificate.certificate).validTo)
    expect(end).toBe(NOW - DAY + 5 * YEAR)
    setClock(end)
    const { serial } = await simulator.rotate()
    expect(serials((await ask()).json.data)).toStrictEqual([serial, keys.platformCertificate.serial])
    setClock(end + 1)
    expect(serials((await ask()).json.data)).toStrictEqual([serial])
    expect(Object.keys(simulator.config.certs)).toStrictEqual([serial, keys.platformPublicKey.serial])
  })

  it('can be repeated', async () => {
    const { simulator, ask } = await startAt(NOW)
    const second = await simulator.rotate()
    const third = await simulator.rotate()
    const { json, headers } = await ask()
    expect(serials(json.data)).toStrictEqual([third.serial, second.serial, keys.platformCertificate.serial])
    expect(headers['wechatpay-serial']).toBe(third.serial)
  })

  it('is part of the configuration and the keys', async () => {
    const simulator = await start()
    const { serial } = await simulator.rotate()
    expect(Object.keys(simulator.config.certs)).toStrictEqual([
      serial,
      keys.platformCertificate.serial,
      keys.platformPublicKey.serial,
    ])
    expect(simulator.keys).toMatchObject({ ...keys, platformCertificate: { serial } })
    const other = await start({ keys: simulator.keys })
    expect((await get(other.config, LIST)).headers['wechatpay-serial']).toBe(serial)
  })

  it.each([
    [{ signsIn: -1 }, /`signsIn`.* -1/],
    [{ signsAt: 1 }, /`signsAt` .*rotate.* signsIn/],
  ])('refuses %o', async (options, message) => {
    const simulator = await start()
    const rotating: Promise<unknown> = Reflect.apply(simulator.rotate, simulator, [options])
    await expect(rotating).rejects.toThrow(InvalidArgumentError)
    await expect(rotating).rejects.toThrow(message)
  })
})

describe('a client that downloads its certificates', () => {
  const CALLS = 300
  const CONCURRENCY = 16

  it('fails no call when they rotate during a run, and downloads them once more', async () => {
    const simulator = await start({ keys: await mintCurrentKeys() })
    const { certs: _, ...config } = simulator.config
    const wxpay = Builder.factory(config)
    const downloads = () => simulator.requests.filter(({ path }) => path === LIST).length
    let left = CALLS
    let rotation: Promise<{ serial: string }> | undefined
    const work = async () => {
      while (left-- > 0) {
        if (left === CALLS / 2) {
          expect(downloads()).toBe(1)
          rotation = simulator.rotate()
          await rotation
        }
        await wxpay.chain('v3/pay/transactions/native').post({ json: order(simulator.config) })
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, work))
    const orders = simulator.requests.filter(({ path }) => path === NATIVE)
    expect(orders.map(({ statusCode }) => statusCode)).toStrictEqual(Array(CALLS).fill(200))
    expect(downloads()).toBe(2)

    await wxpay.chain('v3/pay/transactions/native').post({ json: order(simulator.config) })
    expect(simulator.requests.at(-1)?.headers['wechatpay-serial']).toBe((await rotation)?.serial)
    expect(downloads()).toBe(2)
  }, 60_000)

  it('fails with a code of its own when the merchant has none', async () => {
    const simulator = await start({ publicKeyOnly: true })
    const { certs: _, ...config } = simulator.config
    const call = Builder.factory(config)
      .chain('v3/pay/transactions/native')
      .post({ json: order(simulator.config) })
    await expect(call).rejects.toMatchObject({ code: 'ERR_NO_PLATFORM_CERTIFICATE' })
  })

  it('fails no call during the migration to the public key', async () => {
    const simulator = await start()
    const wxpay = Builder.factory(simulator.config)
    for (const percent of [0, 20, 50, 100]) {
      simulator.migrate(percent)
      for (let call = 0; call < 5; call += 1)
        await wxpay.chain('v3/pay/transactions/native').post({ json: order(simulator.config) })
    }
    expect(simulator.requests.map(({ statusCode }) => statusCode)).toStrictEqual(Array(20).fill(200))
  })
})

describe('a merchant with the public key only', () => {
  let simulator: Simulator
  let config: SimulatorConfig
  async function startNew() {
    simulator = await start({ publicKeyOnly: true })
    config = simulator.config
  }

  it('has no certificate in its configuration', async () => {
    await startNew()
    expect(Object.keys(config.certs)).toStrictEqual([keys.platformPublicKey.serial])
  })

  it('gets the error of WeChat Pay instead of the list', async () => {
    await startNew()
    const response = await get(config, LIST)
    expect(response).toMatchObject({ status: 404, json: { code: 'RESOURCE_NOT_EXISTS' } })
    expect(response.json.message).toMatch(/^无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥/)
    expect(isSigned(response, config)).toBe(true)
  })

  it('gets every response signed with it, regardless of Wechatpay-Serial', async () => {
    await startNew()
    for (const serial of [undefined, keys.platformCertificate.serial, keys.platformPublicKey.serial]) {
      const response = await post(config, NATIVE, order(config), { headers: { 'Wechatpay-Serial': serial } })
      expect(response.headers['wechatpay-serial']).toBe(keys.platformPublicKey.serial)
      expect(isSigned(response, config)).toBe(true)
    }
  })

  it('cannot rotate or migrate', async () => {
    await startNew()
    await expect(simulator.rotate()).rejects.toThrow(InvalidArgumentError)
    expect(() => simulator.migrate(50)).toThrow(/`publicKeyOnly`/)
  })
})

describe('the migration to the public key', () => {
  it.each([
    [0, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    [20, [0, 0, 0, 0, 1, 0, 0, 0, 0, 1]],
    [50, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]],
    [70, [0, 1, 1, 0, 1, 1, 0, 1, 1, 1]],
    [100, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ])('at %i percent signs the same responses every time', async (percent, expected) => {
    const simulator = await start()
    const { config } = simulator
    const { serial } = keys.platformPublicKey
    for (const requested of [keys.platformCertificate.serial, serial]) {
      simulator.migrate(percent)
      const byPublicKey: number[] = []
      for (const _ of expected) {
        const response = await get(config, LIST, { headers: { 'Wechatpay-Serial': requested } })
        expect(isSigned(response, config)).toBe(true)
        byPublicKey.push(response.headers['wechatpay-serial'] === serial ? 1 : 0)
      }
      expect(byPublicKey).toStrictEqual(expected)
    }
  })

  it.each([-1, 101, Number.NaN])('refuses %d percent', async percent => {
    const simulator = await start()
    expect(() => simulator.migrate(percent)).toThrow(InvalidArgumentError)
  })
})

/** Keys for a simulator that uses the system time. */
async function mintCurrentKeys(): Promise<SimulatorKeys> {
  const simulator = await Simulator.start()
  await simulator.close()
  return simulator.keys
}
