import { createHash, createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import type { FileInput } from '../../lib/options.js'
import { skipPauses } from '../async.js'
import { readForm } from '../form.js'
import { answer, config, type Gateway, merchant, startGateway, unsignedAnswer } from '../gateway.js'

const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from('not much of an image')])

let gateway: Gateway
let wxpay: ReturnType<typeof Builder.factory>
let folder: string
let path: string
let temporary: string

beforeAll(async () => {
  gateway = await startGateway()
  folder = await mkdtemp(join(tmpdir(), 'spec-'))
  path = join(folder, '门店.png')
  await writeFile(path, png)
  temporary = join(folder, 'temporary')
  await mkdir(temporary)
  vi.stubEnv('TMPDIR', temporary)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await gateway.close()
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  gateway.requests.length = 0
  gateway.answers = [answer(200, { media_id: 'x' })]
  wxpay = Builder.factory({ ...config, base_uri: gateway.url })
})

const hashOf = (algorithm: string, content: Uint8Array = png) => createHash(algorithm).update(content).digest('hex')

/** What arrived, as busboy reads it, and its meta, whose signature is checked with node:crypto. */
async function received() {
  const { headers, body, authorization, url } = gateway.requests.at(-1) ?? expect.fail('nothing arrived')
  const form = await readForm(headers, body)
  const meta = form.fields.meta ?? expect.fail('no meta arrived')
  const message = `POST\n${url}\n${authorization.timestamp}\n${authorization.nonce_str}\n${meta.value}\n`
  const signature = Buffer.from(authorization.signature ?? '', 'base64')
  expect(verify('sha256', Buffer.from(message), createPublicKey(merchant.certificate), signature)).toBe(true)
  expect(Number(headers['content-length'])).toBe(body.length)
  return { ...form, meta: JSON.parse(meta.value), metaType: meta.mimeType }
}

/** What is left in the folder for temporary files. */
const kept = () => readdir(temporary)

describe('a file to upload', () => {
  it.each<[string, () => FileInput, string]>([
    ['a path', () => path, '门店.png'],
    ['a file URL', () => pathToFileURL(path), '门店.png'],
    ['a file URL as a string', () => pathToFileURL(path).href, '门店.png'],
    ['bytes', () => png, 'file.png'],
    ['bytes with a name', () => ({ content: png, filename: 'a "b".png' }), 'a "b".png'],
    ['a Blob', () => new Blob([png]), 'file.png'],
    ['a File', () => new File([png], 'logo.png', { type: 'image/png' }), 'logo.png'],
    ['a stream', () => Readable.from([png.subarray(0, 9), png.subarray(9)]), 'file.png'],
    ['a stream of a file', () => createReadStream(path), '门店.png'],
    ['a stream with a name', () => ({ content: createReadStream(path), filename: 'x.png' }), 'x.png'],
  ])('may be %s', async (_what, file, filename) => {
    await wxpay.v3.merchant.media.upload.post({ file: file() })
    expect(await received()).toMatchObject({
      order: ['meta', 'file'],
      meta: { filename, sha256: hashOf('sha256') },
      metaType: 'application/json',
      files: {
        file: {
          filename: filename.replaceAll('"', '%22'),
          mimeType: 'image/png',
          size: png.length,
          sha256: hashOf('sha256'),
        },
      },
    })
    expect(await kept()).toEqual([])
  })

  it('takes the name that the call gives it', async () => {
    const template: string = 'v3/merchant/media/upload'
    await wxpay.chain(template).post({ file: path, filename: '证照.png' })
    expect(await received()).toMatchObject({
      meta: { filename: '证照.png' },
      files: { file: { filename: '证照.png' } },
    })
  })

  it.each<[string, unknown, RegExp]>([
    ['a path where nothing is', '/nowhere/a.png', /`file` .*path/],
    ['a folder', tmpdir(), /`file` .*folder/],
    ['nothing', new Uint8Array(), /empty/],
    ['a number', 42, /must be the path/],
    ['null', null, /must be the path/],
    ['an invalid name', { content: png, filename: 7 }, /`filename`/],
  ])('is refused before anything is sent: %s', async (_what, file, message) => {
    const call = wxpay.chain('v3/undocumented/upload').post({ file: file as FileInput })
    await expect(call).rejects.toThrow(InvalidArgumentError)
    await expect(call).rejects.toThrow(message)
    expect(gateway.requests).toEqual([])
    expect(await kept()).toEqual([])
  })

  it('that stalls ends with the signal of the call, and leaves nothing', async () => {
    const controller = new AbortController()
    const stalled = new Readable({ read: () => controller.abort() })
    const call = wxpay.chain('v3/merchant/media/upload').post({ file: stalled, signal: controller.signal })
    await expect(call).rejects.toMatchObject({ code: 'ERR_ABORTED', sent: false })
    expect(gateway.requests).toEqual([])
    expect(await kept()).toEqual([])
  })

  it('that breaks off while it is read sends nothing and leaves nothing', async () => {
    const broken = new Readable({ read: () => broken.destroy(new Error('the disk is gone')) })
    const call = wxpay.chain('v3/merchant/media/upload').post({ file: broken })
    await expect(call).rejects.toMatchObject({ code: 'ERR_FILE_READ', cause: { message: 'the disk is gone' } })
    expect(gateway.requests).toEqual([])
    expect(await kept()).toEqual([])
  })

  it.each([
    ['larger than 2 MB', { content: Buffer.alloc(2 * 1024 * 1024 + 1), filename: 'a.png' }, /2 MB.*2097153 bytes/],
    ['not an image', { content: Buffer.from('%PDF-1.7'), filename: 'a.pdf' }, /JPG, PNG or BMP.*application\/pdf/],
  ])('that its endpoint does not take is refused: an image that is %s', async (_what, file, message) => {
    await expect(wxpay.v3.merchant.media.upload.post({ file })).rejects.toThrow(message)
    expect(gateway.requests).toEqual([])
  })

  it('is sent again as it was, when it was refused for the moment', async () => {
    skipPauses()
    gateway.answers = [unsignedAnswer(503), answer(200, { media_id: 'x' })]
    const retry = { methods: ['POST' as const] }
    await wxpay.chain('v3/merchant/media/upload').post({ file: createReadStream(path), retry })
    expect(gateway.requests).toHaveLength(2)
    expect((await received()).files.file?.sha256).toBe(hashOf('sha256'))
    expect(await kept()).toEqual([])
  })

  it.each(['filename', 'meta'])('`%s` without a file is refused', async option => {
    await expect(wxpay.chain('v3/certificates').get({ [option]: 'x' })).rejects.toThrow(
      new RegExp(`\`${option}\` .*\`file\``),
    )
  })
})

describe('the meta of an upload', () => {
  const sm3 = hashOf('sm3')
  const sha256 = hashOf('sha256')
  const other = { transaction_id: '1', openid: 'o', company_mchid: '2', region_id: 3, file_type: 'PDF' }

  it.each<[string, object, string]>([
    ['v3/merchant/media/video_upload', { filename: 'a.mp4', sha256 }, 'file'],
    ['v3/marketing/favor/media/image-upload', { filename: 'a.png', sha256 }, 'file'],
    ['v3/marketing/partner/product-coupon/media/upload-image', { filename: 'a.png', sha256 }, 'file'],
    ['v3/merchant-service/images/upload', { filename: 'a.png', sha256 }, 'file'],
    ['v3/marketing/bank/packages/1/tasks', { filename: 'a.png', sha256 }, 'file'],
    ['v3/ecommerce/account/cancel-applications/media', { file_name: 'a.png', file_digest: sha256 }, 'file'],
    ['v3/mch-manage/submission-files/sub-mchid/1/upload', { file_digest: sha256 }, 'submission_file'],
    ['v3/mch-operation-manage/enhanced-due-diligence/1/upload', { file_name: 'a.png' }, 'due_diligence_file'],
    ['v3/marketing/shopping-receipt/shoppingreceipts', { sha256, transaction_id: '1' }, 'file'],
    [
      'v3/new-tax-control-fapiao/fapiao-applications/upload-fapiao-file',
      { digest_alogrithm: 'SM3', digest: sm3, file_type: 'PDF' },
      'file',
    ],
    [
      'v3/taxi-invoice/cards/upload-file',
      { digest_algorithm: 'DIGEST_ALGORITHM_SM3', digest: sm3, region_id: 3 },
      'file',
    ],
    ['v3/undocumented/upload', { filename: 'a.png', sha256 }, 'file'],
  ])('%s has the fields of its documents', async (template, meta, part) => {
    const filename = template.includes('video') ? 'a.mp4' : 'a.png'
    await wxpay.chain(template).post({ file: { content: png, filename }, meta: other })
    const { meta: arrived, files, order } = await received()
    expect(arrived).toMatchObject({ ...other, ...meta })
    expect(order).toEqual(['meta', part])
    expect(files[part]?.sha256).toBe(sha256)
  })

  it("is the caller's where the caller says otherwise", async () => {
    await wxpay.chain('v3/undocumented/upload').post({ file: path, meta: { sha256: 'own' } })
    expect((await received()).meta).toEqual({ filename: '门店.png', sha256: 'own' })
  })

  it.each([
    ['null in it', { a: null }, /`meta\.a` .*null/],
    ['a list', [1], /`meta` must be an object/],
  ])('is refused with %s', async (_what, meta, message) => {
    await expect(wxpay.chain('v3/undocumented/upload').post({ file: path, meta: Object(meta) })).rejects.toThrow(
      message,
    )
  })

  it('has its personal data encrypted', async () => {
    await wxpay.v3.marketing.shoppingReceipt.shoppingreceipts.post({
      file: path,
      meta: {
        transaction_id: '1',
        openid: 'o',
        merchant_contact_information: { consultation_phone_number: '13800138000' },
      },
    })
    const { meta } = await received()
    expect(meta.merchant_contact_information.consultation_phone_number).toMatch(/^[\w+/]{342}==$/)
  })
})

async function listen(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() }
}

it('a file that changes while it is sent fails the call, which says that nothing came of it', async () => {
  const large = join(folder, 'large.bin')
  await writeFile(large, Buffer.alloc(4 * 1024 * 1024))
  // The signer runs after the digest is made and before the file is sent.
  const signer = {
    serial: merchant.serial,
    sign: async () => {
      await writeFile(large, 'changed')
      return 'c2lnbmVk'
    },
  }
  const server = await listen(request => request.on('error', () => {}).resume())
  const { privateKey: _, ...others } = config
  const client = Builder.factory({ ...others, signer, base_uri: server.url })
  await expect(client.chain('v3/undocumented/upload').post({ file: large })).rejects.toMatchObject({
    code: 'ERR_FILE_READ',
  })
  server.close()
})
