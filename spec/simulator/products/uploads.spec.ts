import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import * as Media from '../../../lib/media.js'
import type { Simulator } from '../../../lib/simulator/index.js'
import { readCatalogue } from '../../catalogue-uploads.js'
import { startSimulator } from '../start.js'

const content = Buffer.from('\x89PNG\r\n\x1a\n an image, as it were', 'latin1')

let simulator: Simulator
let wxpay: ReturnType<typeof Builder.factory>
let folder: string

beforeAll(async () => {
  simulator = await startSimulator({ https: true })
  wxpay = Builder.factory(simulator.config)
  folder = await mkdtemp(join(tmpdir(), 'spec-'))
})
afterAll(async () => {
  await simulator.close()
  await rm(folder, { recursive: true })
})

/** The metadata fields of all upload endpoints together. */
const meta = {
  bank_type: 'CMB',
  item_id: 1,
  sub_mchid: '1900000110',
  transaction_id: '1',
  openid: 'o',
  file_type: 'PDF',
  company_mchid: '1',
  region_id: 1,
}

const values = { package_id: '1', sub_mchid: '1900000110', due_diligence_id: '1' }

/** Passes those values for which the path has a placeholder. */
function upload(path: string, options: object) {
  const names = Object.entries(values).filter(([name]) => path.includes(`{${name}}`))
  return wxpay.chain(path).post({ ...Object.fromEntries(names), ...options })
}

describe('every upload of the catalogue is accepted', () => {
  it.each(readCatalogue().filter(path => !path.startsWith('v2/')))('%s', async path => {
    const filename = path.includes('video') ? '门店 "1".mp4' : '门店 "1".png'
    const { data } = await upload(path, { file: { content, filename }, meta })
    expect(JSON.stringify(data)).toMatch(/"\w*(?:media_id|media_url|image_url|file_id|task_id|receipt_id)":"./)
  })

  it.each(readCatalogue().filter(path => path.startsWith('v2/')))('%s', async path => {
    const { data } = await upload(path, { file: { content, filename: 'a.png' }, meta: { sign_type: 'HMAC-SHA256' } })
    expect(data).toMatchObject({ return_code: 'SUCCESS', media_id: expect.stringMatching(/./) })
  })
})

describe('an upload is refused', () => {
  const path: string = 'v3/merchant/media/upload'
  const file = { content, filename: 'a.png' }

  it.each([
    ['with a wrong digest', { sha256: createHash('sha256').update('other').digest('hex') }, '/meta/sha256'],
    ['with a wrong name', { filename: 'b.png' }, '/meta/filename'],
  ])('%s', async (_what, other, field) => {
    await expect(wxpay.chain(path).post({ file, meta: other })).rejects.toMatchObject({
      code: 'PARAM_ERROR',
      detail: { field },
    })
  })

  it('with a wrong part name', async () => {
    const body = await Media.form(file, { part: 'picture' })
    await expect(wxpay.chain(path).post({ body })).rejects.toMatchObject({ code: 'PARAM_ERROR' })
  })

  it('by APIv2 with a wrong digest', async () => {
    const call = wxpay.chain('v2/secapi/mch/uploadmedia' as string).post({ file, meta: { media_hash: '0'.repeat(32) } })
    await expect(call).rejects.toMatchObject({ code: 'PARAM_ERROR' })
  })
})

it('an uploaded image can be downloaded again, byte for byte', async () => {
  const { data } = await wxpay.v3.merchantService.images.upload.post({ file: { content, filename: 'a.png' } })
  expect(data.media_id).toContain('+')
  const paths = [data.media_id, encodeURIComponent(data.media_id)]
  for (const media_id of paths) {
    const sink = join(folder, 'image.png')
    await wxpay.chain('v3/merchant-service/images/{media_id}').get({ media_id, sink })
    expect(await readFile(sink)).toEqual(content)
  }
})

it('an unknown image is not found', async () => {
  const get = wxpay.chain('v3/merchant-service/images/{media_id}').get({ media_id: 'none' })
  await expect(get).rejects.toMatchObject({ statusCode: 404 })
})
