import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { merchant } from '../gateway.js'
import { repetitions } from '../repetitions.js'
import { REDIS_IS_MISSING, type RedisServer, startRedis } from '../stores/redis-server.js'
import { compileLibrary } from './compiled.js'
import { apiv3Key, DAY, mintCertificate } from './platform.js'
import { startWechatPay, type WechatPaySide } from './wechatpay.js'

const CALLS = repetitions(192, 2000)
const CONCURRENCY = 64
const TIMEOUT = 30_000 + CALLS * 20

const now = Date.now()
const old = mintCertificate('platform', now - 1000 * DAY, now + 40 * DAY)
const young = mintCertificate('lowserial', now - DAY, now + 1000 * DAY)
const config = { mchid: merchant.mchid, serial: merchant.serial, privateKey: merchant.privateKey, apiv3Key }

let side: WechatPaySide
beforeEach(async () => {
  side = await startWechatPay(old)
  // WeChat Pay lists the new certificate and signs with it from the middle of the run on.
  side.state.onCall = number => {
    if (number === Math.floor(CALLS / 2)) Object.assign(side.state, { listed: [young, old], signing: young })
  }
})
afterEach(() => side.gateway.close())

describe('a rotation in the middle of a run', () => {
  it.each([0, 3])(
    'fails no call, and costs one download (every n-th download failing: %i)',
    async failEvery => {
      side.state.failEvery = failEvery
      const wxpay = Builder.factory({ ...config, base_uri: side.gateway.url })
      let left = CALLS
      const work = async () => {
        while (left-- > 0) await wxpay.chain('v3/orders/{id}').get({ id: '1' })
      }
      await Promise.all(Array.from({ length: CONCURRENCY }, work))
      expect(side.calls).toBe(CALLS)
      // The first need, and the rotation.
      expect(side.downloads - side.failedDownloads).toBe(2)
      expect(side.failedDownloads > 0).toBe(failEvery > 0)
      await wxpay.chain('v3/orders/{id}').get({ id: '2' })
      expect(side.gateway.requests.at(-1)?.headers['wechatpay-serial']).toBe(young.serial)
    },
    TIMEOUT,
  )
})

describe('four processes that share a store', () => {
  let processes: ChildProcess[]
  let redis: RedisServer | undefined
  const directory = mkdtempSync(join(tmpdir(), 'wechatpay-rotation-'))
  beforeAll(async () => {
    processes = [1, 2, 3, 4].map(() => fork(resolve(import.meta.dirname, 'client-process.mjs'), [compileLibrary()]))
    if (!REDIS_IS_MISSING) redis = await startRedis()
  })
  afterAll(async () => {
    const ends = processes.map(child => once(child, 'exit'))
    for (const child of processes) child.disconnect()
    expect(await Promise.all(ends)).toEqual(processes.map(() => [0, null]))
    rmSync(directory, { recursive: true })
    await redis?.stop()
  })

  it.for<[kind: string, failEvery: number]>([
    ['file', 0],
    ['file', 3],
    ['node-redis', 3],
    ['ioredis', 3],
  ])(
    '(%s) download once for all, at the start and in a rotation (failing: every n-th of %i)',
    { timeout: TIMEOUT },
    async ([kind, failEvery], { skip }) => {
      if (kind !== 'file' && REDIS_IS_MISSING) skip(REDIS_IS_MISSING)
      side.state.failEvery = failEvery
      const store = { kind, place: kind === 'file' ? join(directory, String(failEvery)) : redis?.url }
      const order = {
        base_uri: side.gateway.url,
        config: { ...config, mchid: merchant.mchid },
        store,
        calls: CALLS / 4,
        concurrency: CONCURRENCY / 4,
      }
      const reports = await Promise.all(processes.map(child => report(child, order)))
      expect(reports.map(({ failures }) => failures)).toEqual([{}, {}, {}, {}])
      expect(reports.map(({ succeeded }) => succeeded)).toEqual([1, 2, 3, 4].map(() => CALLS / 4))
      expect(side.calls).toBe(CALLS)
      expect(side.downloads - side.failedDownloads).toBe(2)
      expect(side.failedDownloads > 0).toBe(failEvery > 0)
    },
  )
})

interface Report {
  succeeded: number
  failures: Record<string, number>
}

async function report(child: ChildProcess, order: object): Promise<Report> {
  child.send(order)
  const [found] = await once(child, 'message')
  return found
}
