import { constants, generateKeyPairSync, type KeyObject, privateDecrypt } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../lib/client/open-client.js'
import { type Config, readConfig } from '../../../lib/config/config.js'
import { InvalidArgumentError } from '../../../lib/errors.js'
import { sensitive } from '../../../lib/trust/sensitive.js'
import { failure } from '../../async.js'
import {
  type Answer,
  answer,
  config,
  type Gateway,
  isSigned,
  rawAnswer,
  startGateway,
  unsignedAnswer,
  xml,
} from '../../v2-gateway.js'

const bank = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pub_key = pemOf(bank.publicKey)
const SANDBOX_KEY = '013467007045764013467007045764ab'

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs1', format: 'pem' }).toString()
}

let gateway: Gateway
let handlers: Record<string, Answer>
let now: number

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(() => {
  now = Date.now()
  gateway.requests.length = 0
  handlers = {
    '/risk/getpublickey': unsignedAnswer({ pub_key }),
    '/xdc/apiv2getsignkey/sign/getsignkey': rawAnswer(xml({ return_code: 'SUCCESS', sandbox_signkey: SANDBOX_KEY })),
    '/sandboxnew/pay/getsignkey': rawAnswer(xml({ return_code: 'SUCCESS', sandbox_signkey: SANDBOX_KEY })),
  }
  gateway.answers = [
    (request, response) => {
      const isSandbox = /^\/(?:xdc|sandboxnew)\//.test(request.url)
      const found = handlers[request.url] ?? answer({}, isSandbox ? { key: SANDBOX_KEY } : {})
      found(request, response)
    },
  ]
})

const client = (changes: Partial<Config> = {}) =>
  openClient(readConfig({ ...config, base_uri: gateway.url, ...changes }, Date.now), {
    now: () => now,
    monotonic: () => now,
    random: () => 0,
    sleep: async () => {},
  }).send

const paths = () => gateway.requests.map(({ url }) => url)
const last = () => gateway.requests.at(-1) ?? expect.fail('nothing was sent')
const open = (ciphertext = '') =>
  privateDecrypt(
    { key: bank.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING },
    Buffer.from(ciphertext, 'base64'),
  ).toString()

const PAY = {
  partner_trade_no: '1',
  enc_bank_no: '6225880137706868',
  enc_true_name: '张三',
  bank_code: '1001',
  amount: 1,
}
const PAY_BANK = 'v2/mmpaysptrans/pay_bank'

describe('the fields of a bank card', () => {
  it('leave encrypted with the key that WeChat Pay gives out, and signed so', async () => {
    await client()('POST', PAY_BANK, { xml: PAY })
    expect(paths()).toEqual(['/risk/getpublickey', '/mmpaysptrans/pay_bank'])
    expect(gateway.requests.every(request => isSigned(request))).toBe(true)
    const { enc_bank_no, enc_true_name, bank_code } = last().fields
    expect([open(enc_bank_no), open(enc_true_name), bank_code]).toEqual(['6225880137706868', '张三', '1001'])
    expect(String(last().body)).not.toMatch(/6225880137706868|张三/)
  })

  it.each([
    ['a number, which has lost digits', Number('6222021234567890123')],
    ['a bigint', BigInt('6222021234567890123')],
    ['a boolean', true],
  ])('are refused as %s, before even a key is asked for', async (_what, enc_bank_no) => {
    await expect(client()('POST', PAY_BANK, { xml: { ...PAY, enc_bank_no } })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/`xml\.enc_bank_no` must be a string/),
    })
    expect(gateway.requests).toEqual([])
  })

  it.each(['v2/mmpaysptrans/pay_bank/', 'v2/mmpaysptrans/Pay_Bank'])(
    'never leave in plain text by way of %s',
    async path => {
      await expect(client()('POST', path, { xml: PAY })).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringContaining('`v2/mmpaysptrans/pay_bank` as it is documented'),
      })
      expect(gateway.requests).toEqual([])
    },
  )

  it('are padded as the call says', async () => {
    await client()('POST', PAY_BANK, { xml: PAY, encrypt: 'pkcs1' })
    const bytes = Buffer.from(last().fields.enc_true_name ?? '', 'base64')
    const block = privateDecrypt({ key: bank.privateKey, padding: constants.RSA_NO_PADDING }, bytes)
    expect([...block.subarray(0, 2)]).toEqual([0, 2])
    expect(block.subarray(block.indexOf(0, 2) + 1).toString()).toBe('张三')
    await expect(client()('POST', PAY_BANK, Object({ xml: PAY, encrypt: 'none' }))).rejects.toThrow(/`encrypt` must be/)
  })

  it('need one key for calls at the same time, and for half a day', async () => {
    const request = client()
    await Promise.all(Array.from({ length: 20 }, () => request('POST', PAY_BANK, { xml: PAY })))
    now += 11 * 60 * 60 * 1000
    await request('POST', PAY_BANK, { xml: PAY })
    expect(paths().filter(path => path === '/risk/getpublickey')).toHaveLength(1)
    now += 2 * 60 * 60 * 1000
    await request('POST', PAY_BANK, { xml: PAY })
    expect(paths().filter(path => path === '/risk/getpublickey')).toHaveLength(2)
  })

  it('are left alone when they are encrypted already, or the caller says so', async () => {
    const request = client()
    await request('POST', PAY_BANK, { xml: PAY })
    const { enc_bank_no, enc_true_name } = last().fields
    gateway.requests.length = 0
    await client()('POST', PAY_BANK, { xml: { ...PAY, enc_bank_no, enc_true_name } })
    expect(last().fields).toMatchObject({ enc_bank_no, enc_true_name })
    await client()('POST', PAY_BANK, { xml: PAY, encrypt: false })
    expect(last().fields).toMatchObject({ enc_bank_no: PAY.enc_bank_no, enc_true_name: PAY.enc_true_name })
    expect(paths()).toEqual(['/mmpaysptrans/pay_bank', '/mmpaysptrans/pay_bank'])
  })

  it('are not sent when there is no key, and the next call asks again', async () => {
    handlers['/risk/getpublickey'] = rawAnswer(xml({ return_code: 'FAIL', return_msg: '签名失败' }))
    const request = client()
    expect(await failure(request('POST', PAY_BANK, { xml: PAY }))).toMatchObject({ name: 'ApiError', code: 'FAIL' })
    handlers['/risk/getpublickey'] = unsignedAnswer()
    expect(await failure(request('POST', PAY_BANK, { xml: PAY }))).toMatchObject({ code: 'ERR_RESPONSE_FORMAT' })
    handlers['/risk/getpublickey'] = unsignedAnswer({ pub_key: 'no key' })
    expect(await failure(request('POST', PAY_BANK, { xml: PAY }))).toBeInstanceOf(InvalidArgumentError)
    expect(paths()).not.toContain('/mmpaysptrans/pay_bank')
    handlers['/risk/getpublickey'] = unsignedAnswer({ pub_key })
    await request('POST', PAY_BANK, { xml: PAY })
    expect(last().url).toBe('/mmpaysptrans/pay_bank')
  })

  it('that are too long are refused, and the field is named without its value', async () => {
    const error = await failure(client()('POST', PAY_BANK, { xml: { ...PAY, enc_true_name: '张'.repeat(72) } }))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(String(error)).toMatch(/`xml\.enc_true_name`/)
    expect(String(error)).not.toContain('张')
  })

  it('of an endpoint that the catalogue does not know are those that are wrapped', async () => {
    await client()('POST', 'v2/mmpaysptrans/pay_bank_v2', { xml: { name: sensitive('张三'), desc: '理财' } })
    expect(paths()).toEqual(['/risk/getpublickey', '/mmpaysptrans/pay_bank_v2'])
    expect([open(last().fields.name), last().fields.desc]).toEqual(['张三', '理财'])
  })

  it('never read a file of this machine that the response names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'spec-'))
    const path = join(folder, 'key.pem')
    await writeFile(path, pub_key)
    handlers['/risk/getpublickey'] = unsignedAnswer({ pub_key: pathToFileURL(path).href })
    expect(await failure(client()('POST', PAY_BANK, { xml: PAY }))).toBeInstanceOf(InvalidArgumentError)
    await rm(folder, { recursive: true })
    expect(paths()).toEqual(['/risk/getpublickey'])
  })

  it('wait for a key no longer than their own call may take', async () => {
    let release = () => {}
    const asked = new Promise<void>(resolve => {
      handlers['/risk/getpublickey'] = (request, response) => {
        release = () => unsignedAnswer({ pub_key })(request, response)
        resolve()
      }
    })
    const request = client()
    const patient = request('POST', PAY_BANK, { xml: PAY })
    await asked
    const controller = new AbortController()
    const impatient = failure(request('POST', PAY_BANK, { xml: PAY, signal: controller.signal }))
    controller.abort()
    expect(await impatient).toMatchObject({ code: 'ERR_ABORTED', sent: false })
    release()
    await patient
    expect(paths()).toEqual(['/risk/getpublickey', '/mmpaysptrans/pay_bank'])
  })

  it('take a key in either form of PEM', async () => {
    const spki = bank.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    handlers['/risk/getpublickey'] = unsignedAnswer({ pub_key: spki })
    await client()('POST', PAY_BANK, { xml: PAY })
    expect(open(last().fields.enc_bank_no)).toBe(PAY.enc_bank_no)
  })
})

describe('the sandbox', () => {
  it('is signed and verified with its own key, which is requested with the merchant’s', async () => {
    const { data } = await client({ sandbox: true })('POST', 'v2/pay/micropay', { xml: { out_trade_no: '1' } })
    expect(paths()).toEqual(['/xdc/apiv2getsignkey/sign/getsignkey', '/xdc/apiv2sandbox/pay/micropay'])
    const [asked, paid] = gateway.requests
    expect([asked && isSigned(asked), paid && isSigned(paid, SANDBOX_KEY)]).toEqual([true, true])
    expect(asked?.fields.mch_id).toBe(config.mchid)
    expect(data).toMatchObject({ return_code: 'SUCCESS' })
  })

  it('may be asked for by one call, and written out', async () => {
    const request = client()
    await request('POST', 'v2/pay/orderquery', { xml: {}, sandbox: true })
    await request('POST', 'v2/xdc/apiv2sandbox/pay/orderquery', { xml: {}, sandbox: true })
    await request('POST', 'v2/sandboxnew/pay/unifiedorder', { xml: {}, sandbox: true })
    await request('POST', 'v2/pay/orderquery', { xml: {} })
    expect(paths()).toEqual([
      '/xdc/apiv2getsignkey/sign/getsignkey',
      '/xdc/apiv2sandbox/pay/orderquery',
      '/xdc/apiv2sandbox/pay/orderquery',
      '/sandboxnew/pay/getsignkey',
      '/sandboxnew/pay/unifiedorder',
      '/pay/orderquery',
    ])
    expect(isSigned(last())).toBe(true)
  })

  it('never signs a real call with its key', async () => {
    const request = client({ sandbox: true })
    for (const template of [
      'v2/secapi/pay/refund',
      'v2/mmpaymkttransfers/sendredpack',
      'v2/sandboxnewer/pay/x',
      'v2/xdc/pay/x',
    ])
      expect(await failure(request('POST', template, { xml: {} }))).toBeInstanceOf(InvalidArgumentError)
    for (const template of ['v3/pay/transactions/native', 'hk/v3/transactions/native'])
      expect(String(await failure(request('POST', template, { json: {} })))).toMatch(/`sandbox` .*APIv3/)
    expect(gateway.requests).toEqual([])
    await request('POST', 'v2/secapi/pay/refund', { xml: {}, sandbox: false })
    expect([last().url, isSigned(last())]).toEqual(['/secapi/pay/refund', true])
  })

  it('does not affect the configured key of other calls', async () => {
    handlers['/xdc/apiv2sandbox/pay/orderquery'] = answer()
    await client()('POST', 'v2/xdc/apiv2sandbox/pay/orderquery', { xml: {} })
    expect(paths()).toEqual(['/xdc/apiv2sandbox/pay/orderquery'])
    expect(isSigned(last())).toBe(true)
  })

  it('may respond without a sign, but not with a wrong one', async () => {
    const request = client({ sandbox: true })
    handlers['/xdc/apiv2sandbox/pay/micropay'] = unsignedAnswer({ total_fee: '1' })
    expect((await request('POST', 'v2/pay/micropay', { xml: {} })).data).toMatchObject({ total_fee: '1' })
    handlers['/xdc/apiv2sandbox/pay/micropay'] = answer()
    expect(await failure(request('POST', 'v2/pay/micropay', { xml: {} }))).toMatchObject({ reason: 'mismatch' })
  })

  it('has the bills of the endpoint that it stands for', async () => {
    handlers['/xdc/apiv2sandbox/pay/downloadbill'] = rawAnswer('交易时间')
    const { data, body } = await client({ sandbox: true })('POST', 'v2/pay/downloadbill', { xml: {} })
    expect([data, Buffer.isBuffer(body)]).toEqual([undefined, false])
  })
})
