import { createSecretKey } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadCertificate, loadPublicKey } from '../../lib/crypto/keys.js'
import { ApiError, InvalidArgumentError, SignatureError, TransportError } from '../../lib/errors.js'
import { MemoryStore } from '../../lib/stores/memory-store.js'
import type { Store } from '../../lib/stores/store.js'
import { DownloadedKeys } from '../../lib/trust/downloaded-keys.js'
import { certificateKey, type PlatformKey, PlatformKeyRing } from '../../lib/trust/platform-key-ring.js'
import type { Verifier } from '../../lib/trust/verifier.js'
import type { KeyWarning } from '../../lib/trust/warnings.js'
import {
  apiv3Key,
  DAY,
  mintCertificate,
  type PlatformCertificate,
  publicKeyOf,
  sealList,
  signBody,
} from './platform.js'

const HOUR = DAY / 24
const MINUTE = HOUR / 60
const START = Date.UTC(2026, 10, 24)
const old = mintCertificate('platform', START - 365 * DAY, START + 40 * DAY)
const young = mintCertificate('lowserial', START - DAY, START + 400 * DAY)

let now: number
let listed: PlatformCertificate[]
let signing: PlatformCertificate
let downloads: number
let failures: Error[]
let warnings: KeyWarning[]
let held: Promise<void> | undefined
beforeEach(() => {
  now = START
  listed = [old]
  signing = old
  downloads = 0
  failures = []
  warnings = []
  held = undefined
})
// What is not expected to warn must not.
let expectedWarnings: string[]
beforeEach(() => {
  expectedWarnings = []
})
afterEach(() => {
  expect(warnings.map(({ code }) => code)).toEqual(expectedWarnings)
})

// As the protocol does it: the answer is verified by what it is given, then handed over.
async function download(verifier: Verifier): Promise<string> {
  downloads += 1
  await held
  const failure = failures.shift()
  if (failure) throw failure
  const body = sealList(listed)
  const { message, signature } = signBody(body, signing.privateKey)
  expect(await verifier.verify(message, signature, signing.serial)).toBe(true)
  return body
}

const clock = {
  now: () => now,
  monotonic: () => now,
  sleep: async () => {
    now += 50
  },
}

function open({
  configured = [],
  store = new MemoryStore({ now: () => now }),
}: {
  configured?: PlatformKey[]
  store?: Store
} = {}) {
  return new PlatformKeyRing({
    configured,
    now: () => now,
    warn: warning => warnings.push(warning),
    download: known =>
      new DownloadedKeys({
        name: '1900000109',
        apiv3Key: createSecretKey(Buffer.from(apiv3Key)),
        kind: 'RSA',
        store,
        clock,
        download,
        known,
        warn: warning => warnings.push(warning),
      }),
  })
}

const configured = ({ serial, certificate }: PlatformCertificate) =>
  certificateKey(serial, loadCertificate(certificate, 'certs'))

async function answerBy(keys: PlatformKeyRing, { privateKey, serial }: PlatformCertificate) {
  const { message, signature } = signBody('{"ok":true}', privateKey)
  return keys.verify(message, signature, serial)
}

const down = () => new TransportError('down', { code: 'ERR_CONNECT', sent: false })

describe('without a key', () => {
  it('nothing is downloaded before there is a need', () => {
    open()
    expect(downloads).toBe(0)
  })

  it('many that need one at once wait for one download', async () => {
    const keys = open()
    const serials = await Promise.all(Array.from({ length: 64 }, () => keys.announcedSerial()))
    expect(new Set(serials)).toEqual(new Set([old.serial]))
    expect(downloads).toBe(1)
    expect(keys.announcedSerial()).toBe(old.serial)
    expect(await answerBy(keys, old)).toBe(true)
    expect(downloads).toBe(1)
  })

  it('a failed download is an error, and the next call tries again', async () => {
    failures = [down()]
    const keys = open()
    const outcomes = await Promise.allSettled(Array.from({ length: 64 }, () => keys.announcedSerial()))
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']))
    expect(downloads).toBe(1)
    expect(await keys.announcedSerial()).toBe(old.serial)
  })

  it.each([404, 403])('a merchant without certificates (%i) is led to the public key', async statusCode => {
    failures = [new ApiError('无可用的平台证书', { code: 'RESOURCE_NOT_EXISTS', statusCode, retryable: false })]
    await expect(open().announcedSerial()).rejects.toMatchObject({
      code: 'ERR_NO_PLATFORM_CERTIFICATE',
      message: expect.stringContaining('商户平台 → 账户中心 → API安全 → 微信支付公钥'),
      cause: expect.any(ApiError),
    })
  })

  it('a different error is passed on unchanged', async () => {
    const refusal = new ApiError('no', { code: 'SIGN_ERROR', statusCode: 401, retryable: false })
    failures = [refusal]
    await expect(open().announcedSerial()).rejects.toBe(refusal)
  })

  it('a signature that WeChat Pay makes wrong on purpose is asked for again', async () => {
    const probe = () => new SignatureError('probe', { reason: 'probe' })
    failures = [probe(), probe()]
    expect(await open().announcedSerial()).toBe(old.serial)
    failures = [probe(), probe(), probe()]
    await expect(open().announcedSerial()).rejects.toMatchObject({ reason: 'probe' })
  })

  it('the key to encrypt with is the one that is announced', async () => {
    const keys = open()
    const key = await keys.encryptionKey()
    expect(key?.serial).toBe(await keys.announcedSerial())
    expect(key?.key.equals(loadPublicKey(old.certificate, 'certs'))).toBe(true)
  })
})

describe('a rotation', () => {
  it('is followed at once when a response is signed by a new certificate, with one download', async () => {
    const keys = open()
    await keys.announcedSerial()
    listed = [old, young]
    const outcomes = await Promise.all(Array.from({ length: 64 }, () => answerBy(keys, young)))
    expect(new Set(outcomes)).toEqual(new Set([true]))
    expect(downloads).toBe(2)
    expect(keys.announcedSerial()).toBe(young.serial)
  })

  it('leaves the old certificate good until it expires, also when it is no longer listed', async () => {
    const keys = open()
    await keys.announcedSerial()
    listed = [young]
    signing = young
    expect(await answerBy(keys, young)).toBe(true)
    now = old.validTo
    expect(await answerBy(keys, old)).toBe(true)
    now = old.validTo + 2 * MINUTE
    expect(await answerBy(keys, old)).toBeUndefined()
  })

  it('does not announce a certificate before it is valid', async () => {
    const coming = mintCertificate('lowserial', START + DAY, START + 400 * DAY)
    listed = [old, coming]
    const keys = open()
    expect(await keys.announcedSerial()).toBe(old.serial)
    expect(await answerBy(keys, coming)).toBe(true)
    now = START + DAY
    expect(keys.announcedSerial()).toBe(coming.serial)
    expect(downloads).toBe(1)
    await settle()
  })

  it('is found in the background after twelve hours, on use', async () => {
    const keys = open()
    await keys.announcedSerial()
    listed = [old, young]
    now = START + 12 * HOUR - 1
    expect(keys.announcedSerial()).toBe(old.serial)
    expect(downloads).toBe(1)
    now = START + 12 * HOUR
    expect(keys.announcedSerial()).toBe(old.serial)
    expect(keys.announcedSerial()).toBe(old.serial)
    await settle()
    expect(downloads).toBe(2)
    expect(keys.announcedSerial()).toBe(young.serial)
    now += 12 * HOUR - 1
    keys.announcedSerial()
    await settle()
    expect(downloads).toBe(2)
  })

  it('is found in the background by one who only verifies, too', async () => {
    const keys = open()
    await keys.announcedSerial()
    listed = [old, young]
    now = START + 12 * HOUR
    expect(await answerBy(keys, old)).toBe(true)
    await settle()
    expect(downloads).toBe(2)
  })
})

describe('a failed refresh', () => {
  it('leaves what is known in use, warns, and is tried again after a minute', async () => {
    expectedWarnings = ['CERTIFICATES_NOT_REFRESHED', 'CERTIFICATES_NOT_REFRESHED']
    const keys = open()
    await keys.announcedSerial()
    now = START + 12 * HOUR
    failures = [down(), down()]
    for (const wait of [0, MINUTE - 1, 1]) {
      now += wait
      expect(keys.announcedSerial()).toBe(old.serial)
      expect(await answerBy(keys, old)).toBe(true)
      await settle()
    }
    expect(downloads).toBe(3)
    now += MINUTE
    keys.announcedSerial()
    await settle()
    expect(downloads).toBe(4)
    expect(warnings[0]).toMatchObject({
      cause: { code: 'ERR_CONNECT' },
      message: expect.stringContaining('stay in use'),
    })
  })

  it('with nothing but expired certificates announces those, and is tried once a minute', async () => {
    expectedWarnings = ['CERTIFICATES_NOT_REFRESHED', 'CERTIFICATES_NOT_REFRESHED']
    const keys = open()
    await keys.announcedSerial()
    now = old.validTo + 1
    failures = [down(), down()]
    for (const wait of [0, 1, MINUTE]) {
      now += wait
      expect(await keys.announcedSerial()).toBe(old.serial)
    }
    expect(downloads).toBe(3)
  })
})

describe('an unknown serial', () => {
  const forged = { ...young, serial: 'F'.repeat(40) }

  it('causes at most one download a minute, for any number of responses', async () => {
    const keys = open()
    await keys.announcedSerial()
    for (let second = 0; second < 180; second += 1) {
      now = START + second * 1000
      const outcomes = await Promise.all([answerBy(keys, forged), answerBy(keys, { ...forged, serial: `${second}` })])
      expect(outcomes).toEqual([undefined, undefined])
    }
    expect(downloads).toBe(1 + 3)
  })

  it('causes no more where the store fails', async () => {
    const broken = () => Promise.reject(new Error('READONLY'))
    const keys = open({ store: { get: broken, set: broken, add: broken, delete: broken } })
    await keys.announcedSerial()
    for (let second = 0; second < 180; second += 1) {
      now = START + second * 1000
      await answerBy(keys, forged)
    }
    expect(downloads).toBe(1 + 3)
    expectedWarnings = Array(3).fill('STORE_FAILED')
  })

  it('causes no download if it cannot be a certificate', async () => {
    const keys = open()
    await keys.announcedSerial()
    for (const serial of ['PUB_KEY_ID_0', '', 'not hex', 'A'.repeat(65), '5\n6']) {
      expect(await answerBy(keys, { ...forged, serial })).toBeUndefined()
    }
    expect(downloads).toBe(1)
  })

  it('is no reason to download while a download is on its way', async () => {
    let release = () => {}
    held = new Promise(resolve => {
      release = resolve
    })
    const keys = open()
    const announced = keys.announcedSerial()
    const outcome = answerBy(keys, old)
    await settle()
    release()
    expect([await announced, await outcome]).toEqual([old.serial, true])
    expect(downloads).toBe(1)
  })

  it('whose download fails is unknown, and warns', async () => {
    expectedWarnings = ['CERTIFICATES_NOT_REFRESHED']
    const keys = open()
    await keys.announcedSerial()
    failures = [down()]
    expect(await answerBy(keys, young)).toBeUndefined()
  })

  it('does not keep a call that needs a first certificate from downloading it', async () => {
    expectedWarnings = ['CERTIFICATES_NOT_REFRESHED']
    failures = [down()]
    const keys = open()
    const [outcome, announced] = await Promise.all([answerBy(keys, forged), keys.announcedSerial()])
    expect([outcome, announced]).toEqual([undefined, old.serial])
    expect(downloads).toBe(2)
  })
})

describe('certificates and public keys side by side', () => {
  const { id, pem } = publicKeyOf(young)
  const publicKey = { serial: id, key: loadPublicKey(pem, 'certs') }

  it('announce the public key, and verify by either', async () => {
    const keys = open({ configured: [publicKey] })
    expect(keys.announcedSerial()).toBe(id)
    expect(await answerBy(keys, { ...young, serial: id })).toBe(true)
    expect(downloads).toBe(0)
    expect(await answerBy(keys, old)).toBe(true)
    expect(downloads).toBe(1)
    expect(keys.announcedSerial()).toBe(id)
    now = START + 13 * HOUR
    expect(keys.announcedSerial()).toBe(id)
    await settle()
    expect(downloads).toBe(1)
  })

  it('are downloaded under the public key as well', async () => {
    signing = { ...young, serial: id }
    const keys = open({ configured: [publicKey] })
    expect(await answerBy(keys, old)).toBe(true)
  })

  it('give the key of a serial that is asked for', async () => {
    const keys = open({ configured: [publicKey] })
    expect((await keys.encryptionKey())?.serial).toBe(id)
    expect((await keys.encryptionKey(old.serial))?.serial).toBe(old.serial)
    expect(await keys.encryptionKey('PUB_KEY_ID_1')).toBeUndefined()
  })

  it('leave configured certificates in use, and add the downloaded ones', async () => {
    listed = [old, young]
    const keys = open({ configured: [configured(old)] })
    expect(keys.announcedSerial()).toBe(old.serial)
    expect(downloads).toBe(0)
    now = START + 12 * HOUR
    keys.announcedSerial()
    await settle()
    expect(keys.announcedSerial()).toBe(young.serial)
    expect(await answerBy(keys, old)).toBe(true)
  })

  it('download when the configured certificate has expired', async () => {
    listed = [young]
    signing = young
    const keys = open({ configured: [configured(old)] })
    now = old.validTo + 1
    expect(await keys.announcedSerial()).toBe(young.serial)
  })
})

describe('a certificate that ends soon', () => {
  it('is warned of once a day, from thirty days before', async () => {
    expectedWarnings = ['CERTIFICATE_EXPIRES', 'CERTIFICATE_EXPIRES']
    const keys = new PlatformKeyRing({
      configured: [configured(old)],
      now: () => now,
      warn: warning => warnings.push(warning),
    })
    for (const left of [30 * DAY + 1, 30 * DAY, 30 * DAY - 1, 29 * DAY + 1, 29 * DAY]) {
      now = old.validTo - left
      expect(keys.announcedSerial()).toBe(old.serial)
    }
    expect(warnings[0]).toMatchObject({
      serial: old.serial,
      expires: new Date(old.validTo),
      message: expect.stringContaining('`apiv3Key`'),
    })
  })

  it('is no news when a newer one is there', () => {
    const keys = new PlatformKeyRing({
      configured: [configured(old), configured(young)],
      now: () => now,
      warn: warning => warnings.push(warning),
    })
    now = old.validTo - DAY
    expect(keys.announcedSerial()).toBe(young.serial)
  })
})

describe('a store that several processes share', () => {
  it('brings one download to all, at the start and in a rotation', async () => {
    const store = new MemoryStore({ now: () => now })
    const processes = Array.from({ length: 4 }, () => open({ store }))
    const serials = await Promise.all(processes.map(keys => keys.announcedSerial()))
    expect(new Set(serials)).toEqual(new Set([old.serial]))
    expect(downloads).toBe(1)
    listed = [old, young]
    const outcomes = await Promise.all(processes.map(keys => answerBy(keys, young)))
    expect(outcomes).toEqual([true, true, true, true])
    expect(downloads).toBe(2)
  })

  it('brings one download to all when the list grows old', async () => {
    const store = new MemoryStore({ now: () => now })
    const processes = Array.from({ length: 4 }, () => open({ store }))
    await Promise.all(processes.map(keys => keys.announcedSerial()))
    now = START + 12 * HOUR + MINUTE
    for (const keys of processes) keys.announcedSerial()
    await settle()
    expect(downloads).toBe(2)
  })

  it('has a list for a process that starts later, until it is old', async () => {
    const store = new MemoryStore({ now: () => now })
    await open({ store }).announcedSerial()
    now = START + 11 * HOUR
    const late = open({ store })
    expect(await late.announcedSerial()).toBe(old.serial)
    expect(downloads).toBe(1)
    now = START + 12 * HOUR
    late.announcedSerial()
    await settle()
    expect(downloads).toBe(2)
  })

  it('lets unknown serials cause one download a minute over all of them', async () => {
    const store = new MemoryStore({ now: () => now })
    const processes = Array.from({ length: 4 }, () => open({ store }))
    await Promise.all(processes.map(keys => keys.announcedSerial()))
    for (let second = 0; second < 120; second += 1) {
      now = START + MINUTE + second * 1000
      for (const keys of processes) await answerBy(keys, { ...young, serial: 'F'.repeat(40) })
    }
    expect(downloads).toBe(1 + 2)
  })

  it('lets a different process follow a rotation when the download of the first fails', async () => {
    expectedWarnings = ['CERTIFICATES_NOT_REFRESHED']
    const store = new MemoryStore({ now: () => now })
    const [first, second] = [open({ store }), open({ store })]
    await Promise.all([first.announcedSerial(), second.announcedSerial()])
    listed = [old, young]
    failures = [down()]
    expect(await answerBy(first, young)).toBeUndefined()
    expect(await answerBy(second, young)).toBe(true)
    now = START + 2 * MINUTE
    expect(await answerBy(first, young)).toBe(true)
    expect(downloads).toBe(3)
  })

  it('brings a rotation to a process whose clock is ahead', async () => {
    const store = new MemoryStore({ now: () => now })
    now = START + MINUTE
    const ahead = open({ store })
    await ahead.announcedSerial()
    now = START
    listed = [old, young]
    expect(await answerBy(open({ store }), young)).toBe(true)
    now = START + MINUTE
    expect(await answerBy(ahead, young)).toBe(true)
    expect(downloads).toBe(2)
  })

  it('is not waited for when a different process takes its lock and dies', async () => {
    const store = new MemoryStore({ now: () => now })
    const lock = 'wechatpay-chain:certificates:1900000109:lock'
    await store.set(lock, 'dead', 60)
    expect(await open({ store }).announcedSerial()).toBe(old.serial)
    expect(now - START).toBeGreaterThanOrEqual(2_000)
    expect(now - START).toBeLessThanOrEqual(5_000)
    expect(await store.get(lock)).toBe('dead')
  })

  it('cannot add a certificate that was encrypted without the APIv3 key', async () => {
    expectedWarnings = ['STORE_FAILED']
    const store = new MemoryStore({ now: () => now })
    const planted = sealList([young], 'x'.repeat(32))
    await store.set('wechatpay-chain:certificates:1900000109', JSON.stringify({ body: planted, fetchedAt: now }), 60)
    const keys = open({ store })
    expect(await keys.announcedSerial()).toBe(old.serial)
    expect(await store.get('wechatpay-chain:certificates:1900000109')).not.toContain(planted)
  })

  it('cannot keep a list fresh for ever with a time from the future', async () => {
    const store = new MemoryStore({ now: () => now })
    const list = { body: sealList([old]), fetchedAt: START + 1000 * DAY }
    await store.set('wechatpay-chain:certificates:1900000109', JSON.stringify(list), 1e9)
    const keys = open({ store })
    expect(await keys.announcedSerial()).toBe(old.serial)
    expect(downloads).toBe(0)
    listed = [old, young]
    now = START + 12 * HOUR
    keys.announcedSerial()
    await settle()
    expect(downloads).toBe(1)
    expect(keys.announcedSerial()).toBe(young.serial)
    expect(await answerBy(keys, young)).toBe(true)
  })

  it.each([['not JSON'], ['null'], ['{}'], ['{"body":1,"fetchedAt":1}']])('may contain nonsense: %s', async text => {
    const store = new MemoryStore({ now: () => now })
    await store.set('wechatpay-chain:certificates:1900000109', text, 60)
    expect(await open({ store }).announcedSerial()).toBe(old.serial)
  })

  it('that does not respond delays one call, by two seconds', async () => {
    expectedWarnings = ['STORE_FAILED']
    vi.useFakeTimers()
    try {
      const never = () => new Promise<never>(() => {})
      const announced = open({ store: { get: never, set: never, add: never, delete: never } }).announcedSerial()
      await vi.advanceTimersByTimeAsync(2000)
      expect(await announced).toBe(old.serial)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('that fails is gone without', async () => {
    const broken = () => Promise.reject(new Error('READONLY'))
    expectedWarnings = ['STORE_FAILED']
    const keys = open({ store: { get: broken, set: broken, add: broken, delete: broken } })
    expect(await keys.announcedSerial()).toBe(old.serial)
    expect(downloads).toBe(1)
    expect(warnings[0]).toMatchObject({ cause: { message: 'READONLY' } })
  })
})

// Lets everything that is on its way in the background come to its end.
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve))
}

describe('a configured certificate', () => {
  const ring = (...certificates: PlatformCertificate[]) =>
    new PlatformKeyRing({ configured: certificates.map(configured), now: () => now })

  it('that has expired does not verify, as a downloaded one does not', async () => {
    const keys = ring(old, young)
    now = old.validTo
    expect(await answerBy(keys, old)).toBe(true)
    now = old.validTo + 1
    expect(await answerBy(keys, old)).toBeUndefined()
    expect(await answerBy(keys, young)).toBe(true)
  })

  it('that is not valid yet verifies', async () => {
    now = young.validFrom - DAY
    expect(await answerBy(ring(young), young)).toBe(true)
  })

  it('that has expired is not announced where no other key is known: no response could be verified', () => {
    now = old.validTo + 1
    expect(() => ring(old).announcedSerial()).toThrow(InvalidArgumentError)
    expect(() => ring(old).encryptionKey()).toThrow(old.serial)
  })
})
