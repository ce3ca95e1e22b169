import { createSign } from 'node:crypto'
import { expect, it } from 'vitest'
import { authorize } from '../../../lib/simulator/gateway/authorization.js'
import { Nonces } from '../../../lib/simulator/gateway/nonces.js'
import { metaPart } from '../../../lib/simulator/http/multipart.js'
import { createMerchant, mintKeys } from '../../../lib/simulator/keys/merchant.js'

const META = JSON.stringify({ filename: '标志.jpg', sha256: 'ab' })

async function upload(parts: [name: string, value: string | Blob][]) {
  const form = new FormData()
  for (const [name, value] of parts) form.append(name, value)
  const response = new Response(form)
  const type = response.headers.get('content-type') ?? ''
  return { type, body: Buffer.from(await response.arrayBuffer()) }
}

it('the meta part is found in any position', async () => {
  const meta: [string, Blob] = ['meta', new Blob([META], { type: 'application/json' })]
  const file: [string, Blob] = [
    'file',
    new Blob([Uint8Array.of(13, 10, 45, 45, 255, 0, 13, 10)], { type: 'image/jpeg' }),
  ]
  for (const parts of [
    [meta, file],
    [file, meta],
  ]) {
    const { type, body } = await upload(parts)
    expect(metaPart(type, body)?.toString()).toBe(META)
  }
})

it('a boundary may be quoted, and only a part named meta is the meta part', () => {
  const part = (name: string) => `--b x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${name}\r\n`
  const body = Buffer.from(`${part('metadata')}${part('file')}--b x--`)
  expect(metaPart('multipart/form-data; boundary="b x"', body)).toBeUndefined()
  expect(metaPart('multipart/form-data; boundary="b x"', Buffer.from(`${part('meta')}--b x--`))?.toString()).toBe(
    'meta',
  )
  expect(metaPart('application/json', Buffer.from(META))).toBeUndefined()
})

it('a missing boundary is read from the body', () => {
  const body = Buffer.from('--b\r\nContent-Disposition: form-data; name="meta"\r\n\r\n{}\r\n--b--\r\n')
  expect(metaPart('multipart/form-data', body)?.toString()).toBe('{}')
  expect(metaPart('multipart/form-data', Buffer.from('{}'))).toBeUndefined()
})

it('the signature of an upload covers its meta part only', async () => {
  const now = Date.UTC(2026, 10, 24)
  const keys = await mintKeys('1900000109', now)
  const { type, body } = await upload([
    ['meta', META],
    ['file', new Blob(['image'])],
  ])
  const sign = (signed: string) => {
    const message = `POST\n/v3/merchant/media/upload\n${now / 1000}\nn\n${signed}\n`
    return createSign('RSA-SHA256').update(message).sign(keys.merchant.privateKey, 'base64')
  }
  const callers = { merchants: new Map([['1900000109', createMerchant('1900000109', keys)]]), brands: new Map() }
  const attempt = (signed: string) => () =>
    authorize(
      {
        method: 'POST',
        target: '/v3/merchant/media/upload',
        headers: {
          accept: '*/*',
          'user-agent': 'spec',
          'content-type': type,
          authorization: `WECHATPAY2-SHA256-RSA2048 mchid="1900000109",nonce_str="n",timestamp="${now / 1000}",serial_no="${keys.merchant.serial}",signature="${sign(signed)}"`,
        },
        body,
      },
      { callers, nonces: new Nonces(), now },
    ).mchid
  expect(attempt(META)()).toBe('1900000109')
  expect(attempt(body.toString())).toThrow(expect.objectContaining({ code: 'SIGN_ERROR' }))
})
