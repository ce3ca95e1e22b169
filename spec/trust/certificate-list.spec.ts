import { createPublicKey, createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bootstrapVerifier, decryptCertificates } from '../../lib/trust/certificate-list.js'
import { PlatformKeyRing } from '../../lib/trust/platform-key-ring.js'
import { apiv3Key, DAY, mintCertificate, sealList, signBody } from './platform.js'

const NOW = Date.UTC(2026, 10, 24)
const key = createSecretKey(Buffer.from(apiv3Key))
const first = mintCertificate('platform', NOW - DAY, NOW + DAY)
const second = mintCertificate('lowserial', NOW - DAY, NOW + DAY)
const nothingKnown = new PlatformKeyRing({ configured: [], now: () => NOW })

describe('the list of certificates', () => {
  it('is decrypted with the APIv3 key', async () => {
    const opened = await decryptCertificates(sealList([first, second]), key)
    expect(opened.map(({ serial }) => serial)).toEqual([first.serial, second.serial])
    expect(opened[0]).toMatchObject({ validFrom: NOW - DAY, validTo: NOW + DAY })
    expect(opened[0]?.key.equals(createPublicKey(first.certificate))).toBe(true)
  })

  it('leaves out what is for other algorithms', async () => {
    const list = JSON.parse(sealList([first, second]))
    list.data[0].encrypt_certificate.algorithm = 'AEAD_SM4_GCM'
    const opened = await decryptCertificates(JSON.stringify(list), key, 'RSA')
    expect(opened.map(({ serial }) => serial)).toEqual([second.serial])
  })

  it('uses the serial of the certificate itself, not the one next to it', async () => {
    const list = JSON.parse(sealList([first]))
    list.data[0].serial_no = second.serial
    const [opened] = await decryptCertificates(JSON.stringify(list), key)
    expect(opened?.serial).toBe(first.serial)
  })

  it('names the option if it cannot be decrypted', async () => {
    const error = expect.objectContaining({
      code: 'ERR_APIV3_KEY',
      message: expect.stringMatching(/`apiv3Key`.*商户平台 → 账户中心 → API安全/s),
    })
    await expect(decryptCertificates(sealList([first], 'the-api-v3-key-of-that-merchant!'), key)).rejects.toThrow(error)
    const list = JSON.parse(sealList([first]))
    list.data[0].encrypt_certificate.associated_data = 'changed'
    await expect(decryptCertificates(JSON.stringify(list), key)).rejects.toThrow(error)
  })

  it.each([
    ['{"data":[]}'],
    [JSON.stringify({ data: [{ encrypt_certificate: { algorithm: 'AEAD_SM4_GCM', nonce: '', ciphertext: '' } }] })],
  ])('without a certificate leads to the public key: %s', async body => {
    await expect(decryptCertificates(body, key, 'RSA')).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_NO_PLATFORM_CERTIFICATE',
        message: expect.stringMatching(/商户平台 → 账户中心 → API安全 → 微信支付公钥.*PUB_KEY_ID_/s),
      }),
    )
  })

  it.each([
    ['not JSON'],
    ['null'],
    ['{}'],
    ['{"data":null}'],
    ['{"data":[null]}'],
    ['{"data":{"length":32000000}}'],
    ['{"data":{"length":1,"0":{}}}'],
    ['{"data":"text"}'],
    ['[]'],
    ['{"data":[{"encrypt_certificate":{}}]}'],
  ])('of a different format is refused: %s', async body => {
    await expect(decryptCertificates(body, key)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_RESPONSE_FORMAT' }),
    )
  })
})

describe('the first download', async () => {
  const verifier = bootstrapVerifier(key, nothingKnown, 'RSA')

  it('is verified by the listed certificate that the response names', async () => {
    const { message, signature } = signBody(sealList([first, second]), second.privateKey)
    expect(await verifier.verify(message, signature, second.serial)).toBe(true)
    expect(await verifier.verify(message, signature, second.serial.toLowerCase())).toBe(true)
    expect(await verifier.verify(message, signature, first.serial)).toBe(false)
  })

  it('is verified with any line feeds in it', async () => {
    const body = JSON.stringify(JSON.parse(sealList([first])), null, 2).concat('\n\n')
    const { message, signature } = signBody(body, first.privateKey)
    expect(await verifier.verify(message, signature, first.serial)).toBe(true)
  })

  it('is not verified by a certificate that it does not bring', async () => {
    const { message, signature } = signBody(sealList([first]), second.privateKey)
    expect(await verifier.verify(message, signature, second.serial)).toBeUndefined()
  })

  it('is not verified by a certificate that was added without the APIv3 key', async () => {
    const { message, signature } = signBody(sealList([second], 'x'.repeat(32)), second.privateKey)
    await expect(verifier.verify(message, signature, second.serial)).rejects.toMatchObject({ code: 'ERR_APIV3_KEY' })
  })

  it('is verified by a known key, such as the public key, before its content is looked at', async () => {
    const known = new PlatformKeyRing({ configured: await decryptCertificates(sealList([first]), key), now: () => NOW })
    const { message, signature } = signBody('{"data":[]}', first.privateKey)
    expect(await bootstrapVerifier(key, known, 'RSA').verify(message, signature, first.serial)).toBe(true)
    expect(bootstrapVerifier(key, known, 'RSA').announcedSerial()).toBe(first.serial)
  })
})
