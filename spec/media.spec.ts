import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../lib/builder.js'
import * as Media from '../lib/media.js'
import { readForm } from './form.js'
import { config, type Gateway, startGateway } from './gateway.js'

const content = Buffer.from('a file')
const hashOf = (algorithm: string) => createHash(algorithm).update(content).digest('hex')

let gateway: Gateway
let wxpay: ReturnType<typeof Builder.factory>
let folder: string
let path: string

beforeAll(async () => {
  gateway = await startGateway()
  wxpay = Builder.factory({ ...config, base_uri: gateway.url })
  folder = await mkdtemp(join(tmpdir(), 'spec-'))
  path = join(folder, 'a.pdf')
  await writeFile(path, content)
})
beforeEach(() => {
  gateway.requests.length = 0
})
afterAll(async () => {
  await gateway.close()
  await rm(folder, { recursive: true })
})

async function sent(body: FormData) {
  await wxpay.chain('v3/undocumented/upload').post({ body })
  const { headers, body: bytes } = gateway.requests[0] ?? expect.fail()
  return readForm(headers, bytes)
}

describe('a form', () => {
  it('has the meta and the file, and is sent as `body`', async () => {
    expect(await sent(await Media.form(path))).toMatchObject({
      order: ['meta', 'file'],
      fields: {
        meta: { value: JSON.stringify({ filename: 'a.pdf', sha256: hashOf('sha256') }), mimeType: 'application/json' },
      },
      files: { file: { filename: 'a.pdf', mimeType: 'application/pdf', sha256: hashOf('sha256') } },
    })
  })

  it('has its fields as the caller wants them', async () => {
    const options = {
      filename: 'b.ofd',
      part: 'invoice',
      nameField: false,
      digestField: 'digest',
      digest: 'sm3',
      meta: { file_type: 'OFD' },
    } as const
    const { fields, files } = await sent(await Media.form(Readable.from([content]), options))
    expect(JSON.parse(fields.meta?.value ?? '')).toEqual({ digest: hashOf('sm3'), file_type: 'OFD' })
    expect(files.invoice).toMatchObject({ filename: 'b.ofd', mimeType: 'application/ofd', sha256: hashOf('sha256') })
  })

  it('is the same when a stream has a name', async () => {
    const { files } = await sent(await Media.form({ content: Readable.from([content]), filename: 'c.pdf' }))
    expect(files.file).toMatchObject({ filename: 'c.pdf', sha256: hashOf('sha256') })
  })
})

it.each(['sha256', 'sm3', 'md5'] as const)('the %s of a file is that of its bytes', async algorithm => {
  const named = { content: Readable.from([content]), filename: 'c.pdf' }
  const inputs = [path, content, new Blob([content]), Readable.from([content]), named]
  const digests = await Promise.all(inputs.map(input => Media.digest(input, algorithm)))
  expect(new Set(digests)).toEqual(new Set([hashOf(algorithm)]))
})
