import {
  constants,
  createCipheriv,
  createHash,
  createPrivateKey,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import * as Bill from '../../lib/bill/index.js'
import * as Builder from '../../lib/builder.js'
import { ApiError, InvalidArgumentError, TransportError } from '../../lib/errors.js'
import { failure, readAll } from '../async.js'
import { keyFile } from '../fixtures/vectors.js'
import {
  answer,
  config,
  type Gateway,
  merchant,
  sha1,
  signatureHeaders,
  startGateway,
  unsignedAnswer,
} from '../gateway.js'

const csv = `${[
  '\uFEFF交易时间,商户订单号,订单金额',
  ...Array.from({ length: 5000 }, (_, index) => `\`2026-11-23 10:00:00,\`A${index},\`0.03`),
  '总交易单数,订单总金额',
  '`5000,`150.00',
].join('\r\n')}\r\n`
const gzip = gzipSync(csv)
const token = 'a%2Bb%2Fc%3D-_~&tartype=gzip'

let gateway: Gateway
let wxpay: ReturnType<typeof Builder.factory>
let folder: string
let path: string

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(async () => {
  gateway.requests.length = 0
  wxpay = Builder.factory({ ...config, base_uri: gateway.url, secret: 'x'.repeat(32), retry: false })
  folder = await mkdtemp(join(tmpdir(), 'spec-'))
  path = join(folder, 'bill.csv')
  vi.stubEnv('TMPDIR', join(folder, 'temporary'))
  await mkdir(join(folder, 'temporary'))
  return async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  }
})

/** A message of APIv2 with its MD5 signature, in the order of its names. */
function signed(fields: Record<string, string>): string {
  const names = Object.keys(fields).sort()
  const text = `${names.map(name => `${name}=${fields[name]}`).join('&')}&key=${'x'.repeat(32)}`
  const sign = createHash('md5').update(text).digest('hex').toUpperCase()
  return `<xml>${names.map(name => `<${name}>${fields[name]}</${name}>`).join('')}<sign>${sign}</sign></xml>`
}

const announce = (changes: object = {}) =>
  answer(200, {
    hash_type: 'SHA1',
    hash_value: sha1(csv),
    download_url: `${gateway.url}v3/billdownload/file?token=${token}`,
    ...changes,
  })

const ask = () => Bill.trade(wxpay, { bill_date: '2026-11-23', bill_type: 'ALL', tar_type: 'GZIP' })

/** What is left in the folder of the bill, and in that for temporary files. */
const left = async () => [...(await readdir(folder)), ...(await readdir(join(folder, 'temporary')))]

describe('a trade bill', () => {
  it('is requested, and nothing is downloaded yet', async () => {
    gateway.answers = [announce()]
    await ask()
    expect(gateway.requests.map(({ url }) => url)).toEqual([
      '/v3/bill/tradebill?bill_date=2026-11-23&bill_type=ALL&tar_type=GZIP',
    ])
  })

  it('is downloaded from the unchanged URL, with a signed request', async () => {
    gateway.answers = [announce(), unsignedAnswer(200, gzip)]
    await readAll((await ask()).rows())
    expect(gateway.requests[1]).toMatchObject({ url: `/v3/billdownload/file?token=${token}`, isSigned: true })
  })

  it.each([
    ['compressed', gzip],
    ['as it is', csv],
  ])('has typed rows and, after the last one, the summary: %s', async (_what, content) => {
    gateway.answers = [announce(), unsignedAnswer(200, content)]
    const bill = await ask()
    expect(bill.summary).toBeUndefined()
    const rows = await readAll(bill.rows())
    expectTypeOf(rows[0]?.商户订单号).toEqualTypeOf<string | undefined>()
    expect(rows).toHaveLength(5000)
    expect(rows[4999]).toEqual({ 交易时间: '2026-11-23 10:00:00', 商户订单号: 'A4999', 订单金额: '0.03' })
    expect(bill.summary).toEqual({ 总交易单数: '5000', 订单总金额: '150.00' })
    const sum = rows.reduce((total, row) => total + Bill.fen(row.订单金额), 0)
    expect(sum).toBe(Bill.fen(bill.summary?.订单总金额 ?? ''))
  })

  it('is saved decompressed, byte by byte', async () => {
    gateway.answers = [announce(), unsignedAnswer(200, gzip)]
    await (await ask()).save(path)
    expect(await readFile(path, 'utf8')).toBe(csv)
    expect(await left()).toEqual(['bill.csv', 'temporary'])
  })

  it('that was saved can be read again', async () => {
    gateway.answers = [announce(), unsignedAnswer(200, gzip)]
    await (await ask()).save(path)
    expect(await readAll(Bill.rows(path))).toHaveLength(5000)
  })

  it('that was saved is opened only when it is read', async () => {
    const rows = Bill.rows(`${path}.absent`)
    await new Promise(resolve => setImmediate(resolve))
    await expect(readAll(rows)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('that is announced with an empty hash has no hash', async () => {
    gateway.answers = [announce({ hash_value: '' }), unsignedAnswer(200, gzip)]
    expect(await readAll((await ask()).rows())).toHaveLength(5000)
  })

  it('goes to a stream', async () => {
    gateway.answers = [announce(), unsignedAnswer(200, gzip)]
    const bill = await ask()
    const sink = new PassThrough()
    const [content] = await Promise.all([text(sink), bill.save(sink)])
    expect(`\uFEFF${content}`).toBe(csv)
  })

  it('may be left in the middle, which cancels the download', async () => {
    const closed = new Promise<void>(resolve => {
      gateway.answers = [
        announce(),
        (_request, response) => {
          response.socket?.once('close', () => resolve())
          response.write(csv)
        },
      ]
    })
    const bill = await ask()
    for await (const row of bill.rows()) if (row.商户订单号 === 'A7') break
    await closed
    expect(bill.summary).toBeUndefined()
  })
})

describe('a bill that does not match the announcement is an error, and leaves no file', () => {
  const flipped = Buffer.from(csv)
  flipped.writeUInt8(flipped.readUInt8(1000) ^ 1, 1000)
  const flippedGzip = Buffer.from(gzip)
  flippedGzip.writeUInt8(flippedGzip.readUInt8(gzip.length >> 1) ^ 1, gzip.length >> 1)

  it.each([
    ['a flipped bit', announce, flipped],
    ['a flipped bit in the gzip', announce, flippedGzip],
    ['a gzip that breaks off', announce, gzip.subarray(0, -9)],
    ['a different hash', () => announce({ hash_value: '0'.repeat(40) }), gzip],
    ['the hash of the gzip', () => announce({ hash_value: sha1(gzip) }), gzip],
    ['nothing', announce, ''],
  ])('%s', async (_what, announcement, content) => {
    gateway.answers = [announcement(), unsignedAnswer(200, content)]
    const bill = await ask()
    expect(await failure(bill.save(path))).toMatchObject({ code: 'ERR_BILL_CONTENT' })
    expect(await left()).toEqual(['temporary'])
    expect(await failure(readAll(bill.rows()))).toMatchObject({ code: 'ERR_BILL_CONTENT' })
    expect(bill.summary).toBeUndefined()
  })

  it('a lost connection, after which the download can be repeated', async () => {
    gateway.answers = [
      announce(),
      (_request, response) => {
        response.writeHead(200, { 'content-length': String(gzip.length) })
        response.write(gzip.subarray(0, 100), () => setImmediate(() => response.socket?.destroy()))
      },
      unsignedAnswer(200, gzip),
    ]
    const bill = await ask()
    expect(await failure(bill.save(path))).toBeInstanceOf(TransportError)
    expect(await left()).toEqual(['temporary'])
    await bill.save(path)
    expect(await readFile(path, 'utf8')).toBe(csv)
  })
})

describe('the URL of a download', () => {
  it.each([
    'https://evil.example/v3/billdownload/file?token=x',
    'http://api.mch.weixin.qq.com/v3/billdownload/file?token=x',
    'https://api.mch.weixin.qq.com.evil.example/v3/billdownload/file',
    'https://user@api.mch.weixin.qq.com/v3/billdownload/file',
    'https://api.mch.weixin.qq.com:8443/v3/billdownload/file',
    'HTTPS://api.mch.weixin.qq.com\\@evil.example/',
    '/v3/billdownload/file',
    '',
  ])('that leads elsewhere is refused: %s', async download_url => {
    gateway.answers = [announce({ download_url })]
    expect(await failure(ask())).toBeInstanceOf(InvalidArgumentError)
    expect(gateway.requests).toHaveLength(1)
  })

  it('may lead to a different host of WeChat Pay', async () => {
    gateway.answers = [announce({ download_url: 'https://api2.mch.weixin.qq.com/v3/billdownload/file?token=x' })]
    await ask()
  })
})

describe('a bill that does not exist is distinguished from a failure', () => {
  it.each([
    ['NO_STATEMENT_EXIST', false],
    ['STATEMENT_CREATING', true],
  ])('%s', async (code, retryable) => {
    gateway.answers = [answer(400, { code, message: '账单' })]
    const error = await failure(ask())
    expect(error).toBeInstanceOf(Bill.BillUnavailableError)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ reason: code, code, statusCode: 400, retryable })
  })

  it('a failure keeps its error', async () => {
    gateway.answers = [answer(400, { code: 'PARAM_ERROR', message: '参数错误' })]
    const error = await failure(ask())
    expect(error).not.toBeInstanceOf(Bill.BillUnavailableError)
    expect(error).toMatchObject({ code: 'PARAM_ERROR' })
  })
})

describe('an encrypted bill', () => {
  const parts = ['\uFEFF记账时间,备注\r\n`2026-11-23,`a\r\n', '`2026-11-23,`b\r\n资金流水总笔数\r\n`2\r\n']

  /** A part as WeChat Pay makes it: compressed, encrypted with its own key, and the key encrypted for the merchant. */
  function encrypt(
    part: string,
    sequence: number,
    merchantKey?: string,
    key: string | Buffer = randomBytes(16).toString('hex'),
  ) {
    const nonce = randomBytes(8).toString('hex')
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    const encrypted = Buffer.concat([cipher.update(gzipSync(part)), cipher.final(), cipher.getAuthTag()])
    const encrypt_key = publicEncrypt(
      { key: merchant.certificate, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
      Buffer.from(merchantKey ?? key),
    ).toString('base64')
    const announced = {
      bill_sequence: sequence,
      hash_type: 'SHA1',
      hash_value: createHash('sha1').update(part).digest('hex'),
      download_url: `${gateway.url}v3/billdownload/file?token=${sequence}`,
      encrypt_key,
      nonce,
    }
    return { announced, encrypted }
  }

  const [first, second] = [0, 1]
  const query = { bill_date: '2026-11-23', sub_mchid: '1900000110', account_type: 'BASIC' } as const
  const serve = (encrypted: { announced: object; encrypted: Buffer }[]) => [
    answer(200, {
      download_bill_count: encrypted.length,
      download_bill_list: [...encrypted].reverse().map(({ announced }) => announced),
    }),
    ...encrypted.map(part => unsignedAnswer(200, part.encrypted)),
  ]
  const encryptAll = () => parts.map((part, index) => encrypt(part, index + 1))

  it('is joined in sequence, decrypted, decompressed and verified', async () => {
    gateway.answers = serve(encryptAll())
    const bill = await Bill.subMerchantFundflow(wxpay, query)
    expect(await readAll(bill.rows())).toEqual([
      { 记账时间: '2026-11-23', 备注: 'a' },
      { 记账时间: '2026-11-23', 备注: 'b' },
    ])
    expect(bill.summary).toEqual({ 资金流水总笔数: '2' })
    expect(gateway.requests[0]?.url).toContain('algorithm=AEAD_AES_256_GCM')
    expect(gateway.requests.slice(1).map(({ url }) => url)).toEqual([1, 2].map(n => `/v3/billdownload/file?token=${n}`))
    expect(await left()).toEqual(['temporary'])
  })

  it.each([
    ['ecommerce', () => Bill.ecommerceFundflow(wxpay, { bill_date: '2026-11-23', account_type: 'ALL' })],
    ['payscore', () => Bill.payscore(wxpay, { bill_date: '2026-11-23', service_id: '2002' })],
  ])('may be one of %s', async (_what, request) => {
    gateway.answers = serve(encryptAll())
    await (await request()).save(path)
    expect(await readFile(path, 'utf8')).toBe(parts.join(''))
  })

  it.each([
    ['a flipped bit', (encrypted: Buffer) => encrypted.writeUInt8(encrypted.readUInt8(3) ^ 1, 3)],
    [
      'a flipped bit in its tag',
      (encrypted: Buffer) => encrypted.writeUInt8(encrypted.readUInt8(encrypted.length - 1) ^ 1, encrypted.length - 1),
    ],
  ])('with %s yields nothing of that part', async (_what, change) => {
    const encrypted = encryptAll()
    change(encrypted[first]?.encrypted ?? Buffer.alloc(0))
    gateway.answers = serve(encrypted)
    const bill = await Bill.subMerchantFundflow(wxpay, query)
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const row of bill.rows()) seen.push(row)
    })()
    expect(await failure(reading)).toMatchObject({ code: 'ERR_BILL_CONTENT' })
    expect(seen).toEqual([])
    expect(await left()).toEqual(['temporary'])
  })

  it('that is cut is an error and no file', async () => {
    const encrypted = encryptAll()
    const part = encrypted[second]
    if (part) part.encrypted = part.encrypted.subarray(0, 5)
    gateway.answers = serve(encrypted)
    const bill = await Bill.subMerchantFundflow(wxpay, query)
    expect(await failure(bill.save(path))).toMatchObject({ code: 'ERR_BILL_CONTENT' })
    expect(await left()).toEqual(['temporary'])
  })

  it('whose key is not one of AES-256 is refused, and the key is not shown', async () => {
    gateway.answers = serve([encrypt(parts[0] ?? '', 1, 'a short secret')])
    const error = await failure(readAll((await Bill.subMerchantFundflow(wxpay, query)).rows()))
    expect(error).toMatchObject({ code: 'ERR_BILL_KEY', message: expect.not.stringContaining('a short secret') })
    expect(await left()).toEqual(['temporary'])
  })

  describe('has a key of any 32 bytes', () => {
    const raw = Buffer.from('ff00fe80'.repeat(8), 'hex')
    const encryptRaw = () => parts.map((part, index) => encrypt(part, index + 1, undefined, raw))

    it('that the private key decrypts', async () => {
      gateway.answers = serve(encryptRaw())
      expect(await readAll((await Bill.subMerchantFundflow(wxpay, query)).rows())).toHaveLength(2)
    })

    const { privateKey: _, ...others } = config
    const key = createPrivateKey(merchant.privateKey)
    const opened = (ciphertext: string) => privateDecrypt({ key, oaepHash: 'sha1' }, Buffer.from(ciphertext, 'base64'))
    const signer = {
      serial: merchant.serial,
      sign: (message: Uint8Array) => sign('sha256', message, key).toString('base64'),
      decrypt: (ciphertext: string) => opened(ciphertext).toString(),
    }

    it('that a signer decrypts to bytes', async () => {
      gateway.answers = serve(encryptRaw())
      const client = Builder.factory({ ...others, signer: { ...signer, decryptBytes: opened }, base_uri: gateway.url })
      expect(await readAll((await Bill.subMerchantFundflow(client, query)).rows())).toHaveLength(2)
    })

    it('that a signer cannot give as a string', async () => {
      gateway.answers = serve(encryptRaw())
      const client = Builder.factory({ ...others, signer, base_uri: gateway.url })
      const bill = await Bill.subMerchantFundflow(client, query)
      expect(await failure(bill.save(path))).toMatchObject({ code: 'ERR_BILL_KEY' })
    })
  })

  it('whose key was encrypted for a different merchant is refused', async () => {
    const [part] = encryptAll()
    const encrypt_key = publicEncrypt(
      { key: keyFile('lowserial.crt'), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
      randomBytes(32),
    ).toString('base64')
    gateway.answers = serve([{ announced: { ...part?.announced, encrypt_key }, encrypted: Buffer.alloc(32) }])
    const bill = await Bill.subMerchantFundflow(wxpay, query)
    expect(await failure(bill.save(path))).toMatchObject({ code: 'ERR_BILL_KEY' })
  })

  it('whose list lacks a part is refused', async () => {
    const [{ announced }] = [encrypt(parts[0] ?? '', 1)]
    gateway.answers = [answer(200, { download_bill_count: 2, download_bill_list: [announced] })]
    expect(await failure(Bill.subMerchantFundflow(wxpay, query))).toMatchObject({ code: 'ERR_BILL_CONTENT' })
  })

  it('needs a key to decrypt with', async () => {
    const { privateKey: _, ...others } = config
    const signer = { serial: merchant.serial, sign: () => 'x' }
    gateway.answers = serve(encryptAll())
    const client = Builder.factory({ ...others, signer, base_uri: gateway.url })
    expect(await failure(Bill.subMerchantFundflow(client, query))).toBeInstanceOf(InvalidArgumentError)
    expect(gateway.requests).toEqual([])
  })

  it('may be decrypted by a signer', async () => {
    const opened: string[] = []
    class Kms {
      readonly serial = merchant.serial
      readonly #key = createPrivateKey(merchant.privateKey)
      sign(message: Uint8Array) {
        return sign('sha256', message, this.#key).toString('base64')
      }
      decrypt(ciphertext: string) {
        opened.push(ciphertext)
        return privateDecrypt({ key: this.#key, oaepHash: 'sha1' }, Buffer.from(ciphertext, 'base64')).toString()
      }
    }
    const { privateKey: _, ...others } = config
    gateway.answers = serve(encryptAll())
    const client = Builder.factory({ ...others, signer: new Kms(), base_uri: gateway.url })
    const bill = await Bill.subMerchantFundflow(client, query)
    expect(await readAll(bill.rows())).toHaveLength(2)
    expect(opened).toHaveLength(2)
  })

  it('in an unsupported algorithm is refused before anything is sent', async () => {
    const asked = { ...query, algorithm: 'SM4_CCM' as 'SM4_GCM' }
    expect(await failure(Bill.subMerchantFundflow(wxpay, asked))).toBeInstanceOf(InvalidArgumentError)
    expect(gateway.requests).toEqual([])
  })
})

describe('a bill of APIv2', () => {
  const xml = { appid: 'wx8888888888888888', bill_date: '20261123', tar_type: 'GZIP' } as const
  const refusal = (code: string, message: string) =>
    unsignedAnswer(
      200,
      `<xml><return_code>FAIL</return_code><return_msg>${message}</return_msg><error_code>${code}</error_code></xml>`,
    )

  it('is requested and read in one', async () => {
    gateway.answers = [unsignedAnswer(200, gzip)]
    const bill = Bill.downloadbill(wxpay, xml)
    expect(gateway.requests).toEqual([])
    expect(await readAll(bill.rows())).toHaveLength(5000)
    expect(bill.summary).toEqual({ 总交易单数: '5000', 订单总金额: '150.00' })
    expect(gateway.requests[0]).toMatchObject({ method: 'POST', url: '/pay/downloadbill' })
  })

  it.each([
    ['20002', 'No Bill Exist', 'NO_STATEMENT_EXIST'],
    ['20003', 'Bill Creating', 'STATEMENT_CREATING'],
  ])('that does not exist is distinguished from a failure: %s %s', async (code, message, reason) => {
    gateway.answers = [refusal(code, message)]
    expect(await failure(Bill.downloadbill(wxpay, xml).save(path))).toMatchObject({ reason, code })
    expect(await left()).toEqual(['temporary'])
  })

  it('that breaks off before its summary is an error', async () => {
    gateway.answers = [unsignedAnswer(200, csv.slice(0, csv.indexOf('总交易')))]
    expect(await failure(readAll(Bill.downloadbill(wxpay, xml).rows()))).toMatchObject({ code: 'ERR_BILL_CONTENT' })
  })

  it('in whose place XML comes that refuses nothing is an error', async () => {
    gateway.answers = [unsignedAnswer(200, signed({ return_code: 'SUCCESS', return_msg: 'OK' }))]
    const bill = Bill.downloadbill(wxpay, xml)
    expect(await failure(readAll(bill.rows()))).toMatchObject({ code: 'ERR_BILL_FORMAT' })
    expect(await failure(bill.save(path))).toMatchObject({ code: 'ERR_BILL_FORMAT' })
    expect(await left()).toEqual(['temporary'])
  })

  it('that does not say how long it is is not saved as whole, and its rows are known by the summary', async () => {
    gateway.answers = [
      (_request, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\n\r\n${csv.slice(0, 1000)}`),
      (_request, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\n\r\n${csv}`),
    ]
    expect(await failure(Bill.downloadbill(wxpay, xml).save(path))).toMatchObject({ code: 'ERR_DOWNLOAD_INCOMPLETE' })
    expect(await left()).toEqual(['temporary'])
    expect(await readAll(Bill.downloadbill(wxpay, xml).rows())).toHaveLength(5000)
  })

  it('of funds needs the merchant certificate', async () => {
    const bill = Bill.downloadfundflow(wxpay, {
      appid: 'wx8888888888888888',
      bill_date: '20261123',
      account_type: 'Basic',
    })
    expect(await failure(bill.save(path))).toBeInstanceOf(InvalidArgumentError)
  })
})

describe('an overseas statement', () => {
  const statement = (body: string, digest: string) =>
    unsignedAnswer(200, body, {
      'wechatpay-statement-sha1': digest,
      ...signatureHeaders(JSON.stringify({ sha1: digest })),
    })
  const read = () => Bill.statement(wxpay, { date: '20261123', mchid: '1230000109' })

  it('is read as rows', async () => {
    gateway.answers = [statement(csv, sha1(csv))]
    expect(await readAll(read().rows())).toHaveLength(5000)
  })

  it('that was changed is an error and no file', async () => {
    gateway.answers = [statement(csv.replace('0.03', '9.99'), sha1(csv))]
    expect(await failure(read().save(path))).toMatchObject({ reason: 'mismatch' })
    expect(await left()).toEqual(['temporary'])
  })
})

it.each([
  ['profit sharing', () => Bill.profitsharing(wxpay, { bill_date: '2026-11-23' })],
  ['funds', () => Bill.fundflow(wxpay, { bill_date: '2026-11-23', account_type: 'BASIC' })],
])('a bill of %s is announced and downloaded likewise', async (_what, request) => {
  gateway.answers = [announce(), unsignedAnswer(200, gzip)]
  await (await request()).save(path)
  expect(await readFile(path, 'utf8')).toBe(csv)
})

describe('a file that a different response announces', () => {
  it('is downloaded: a receipt', async () => {
    const receipt = 'a PDF'
    gateway.answers = [unsignedAnswer(200, receipt)]
    const download_url = `${gateway.url}v3/transferdownload/elecvoucherfile?token=a%2Bb`
    await Bill.follow(wxpay, {
      download_url,
      hash_type: 'SHA256',
      hash_value: createHash('sha256').update(receipt).digest('hex'),
    }).save(path)
    expect(await readFile(path, 'utf8')).toBe(receipt)
    expect(gateway.requests[0]?.url).toBe('/v3/transferdownload/elecvoucherfile?token=a%2Bb')
  })

  it('is refused with an unknown hash', () => {
    const download_url = `${gateway.url}v3/billdownload/file?token=x`
    expect(() => Bill.follow(wxpay, { download_url, hash_type: 'CRC', hash_value: '00' })).toThrow(InvalidArgumentError)
  })
})
