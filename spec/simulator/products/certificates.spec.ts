import { createDecipheriv, X509Certificate } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { Simulator } from '../../../lib/simulator/index.js'
import { get, isSigned } from '../raw-merchant.js'

const NOW = Date.UTC(2026, 10, 24, 8)
const timestamp = NOW / 1000

const simulator = await Simulator.start({ clock: () => NOW })
const { config } = simulator
afterAll(() => simulator.close())

function decrypt({ nonce, associated_data, ciphertext }: Record<'nonce' | 'associated_data' | 'ciphertext', string>) {
  const bytes = Buffer.from(ciphertext, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', config.apiv3Key, nonce)
  decipher.setAAD(Buffer.from(associated_data)).setAuthTag(bytes.subarray(-16))
  return decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')
}

it('lists the platform certificate that signs the response, encrypted with the APIv3 key', async () => {
  const response = await get(config, '/v3/certificates', { timestamp })
  expect(isSigned(response, config)).toBe(true)
  const [entry] = response.json.data
  expect(response.json.data).toHaveLength(1)
  expect(entry).toMatchObject({
    serial_no: response.headers['wechatpay-serial'],
    effective_time: '2026-11-23T16:00:00+08:00',
    expire_time: '2031-11-22T16:00:00+08:00',
    encrypt_certificate: {
      algorithm: 'AEAD_AES_256_GCM',
      associated_data: 'certificate',
      nonce: expect.stringMatching(/^\w{12}$/),
    },
  })
  const certificate = new X509Certificate(decrypt(entry.encrypt_certificate))
  expect(certificate.serialNumber).toBe(entry.serial_no)
  expect(certificate.subject).toContain('CN=Tenpay.com sign')
  expect(certificate.raw).toStrictEqual(new X509Certificate(config.certs[entry.serial_no] ?? '').raw)
})

it.each(['/hk/v3/certificates', '/v3/global/certificates'])('lists it under %s as well', async path => {
  const { json } = await get(config, path, { timestamp })
  const certificate = new X509Certificate(decrypt(json.data[0].encrypt_certificate))
  expect(certificate.serialNumber).toBe(simulator.keys.platformCertificate.serial)
})

it('encrypts it with a new nonce each time', async () => {
  const nonces = new Set<string>()
  for (let time = 0; time < 3; time += 1) {
    const { json } = await get(config, '/v3/certificates', { timestamp })
    nonces.add(json.data[0].encrypt_certificate.nonce)
  }
  expect(nonces.size).toBe(3)
})

it('has RSA certificates only', async () => {
  for (const algorithm of ['RSA', 'ALL']) {
    const { json } = await get(config, `/v3/certificates?algorithm_type=${algorithm}`, { timestamp })
    expect(json.data).toHaveLength(1)
  }
  expect(await get(config, '/v3/certificates?algorithm_type=SM2', { timestamp })).toMatchObject({
    status: 404,
    json: { code: 'RESOURCE_NOT_EXISTS' },
  })
  expect(await get(config, '/v3/certificates?algorithm_type=DSA', { timestamp })).toMatchObject({
    status: 400,
    json: { code: 'PARAM_ERROR', detail: { field: 'algorithm_type', value: 'DSA', location: 'query' } },
  })
})
