import { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import * as Builder from '../lib/builder.js'
import * as Certificates from '../lib/certificates.js'
import type { Config } from '../lib/config/config.js'
import { InvalidArgumentError } from '../lib/errors.js'
import { answer, merchant, signatureHeaders } from './gateway.js'
import { apiv3Key, DAY, mintCertificate, publicKeyOf, sealList } from './trust/platform.js'
import { startWechatPay, type WechatPaySide } from './trust/wechatpay.js'

const now = Math.floor(Date.now() / 1000) * 1000
const first = mintCertificate('platform', now - 1000 * DAY, now + 40 * DAY)
const second = mintCertificate('lowserial', now - DAY, now + 1000 * DAY)
const { id, pem } = publicKeyOf(second)

let side: WechatPaySide
beforeEach(async () => {
  side = await startWechatPay(first)
})
afterEach(() => side.gateway.close())

const { mchid, serial, privateKey } = merchant
const open = (changes: Partial<Config> = {}) =>
  Builder.factory({ mchid, serial, privateKey, apiv3Key, base_uri: side.gateway.url, ...changes })

it('the certificates of a merchant are downloaded, verified and decrypted', async () => {
  side.state.listed = [first, second]
  const found = await Certificates.download(open())
  const der = (certificate: string) => new X509Certificate(certificate).raw.toString('base64')
  expect(found.map(({ certificate, ...rest }) => ({ ...rest, der: der(certificate) }))).toEqual(
    [first, second].map(({ serial, certificate, validFrom, validTo }) => ({
      serial,
      validFrom: new Date(validFrom),
      validTo: new Date(validTo),
      der: der(certificate),
    })),
  )
})

it('a different list is downloaded by its path', async () => {
  await Certificates.download(open(), 'v3/global/certificates')
  expect(side.gateway.requests.at(-1)?.url).toBe('/v3/global/certificates')
})

it('a merchant without certificates is led to the public key, which may be configured already', async () => {
  const refusal = { code: 'RESOURCE_NOT_EXISTS', message: '无可用的平台证书' }
  side.gateway.answers = [answer(404, refusal, signatureHeaders('', second))]
  const error = { code: 'ERR_NO_PLATFORM_CERTIFICATE' }
  await expect(Certificates.download(open())).rejects.toMatchObject(error)
  await expect(Certificates.download(open({ certs: { [id]: pem } }))).rejects.toMatchObject(error)
})

it('a list that cannot be decrypted names the APIv3 key', async () => {
  const body = sealList([first], 'x'.repeat(32))
  const certs = { [first.serial]: first.certificate }
  side.gateway.answers = [answer(200, body, signatureHeaders(body, first))]
  await expect(Certificates.download(open({ certs }))).rejects.toMatchObject({ code: 'ERR_APIV3_KEY' })
})

it('a client without an APIv3 key is refused before anything is sent', async () => {
  const wxpay = Builder.factory({ mchid, serial, privateKey, certs: { [id]: pem }, base_uri: side.gateway.url })
  await expect(Certificates.download(wxpay)).rejects.toThrow(InvalidArgumentError)
  expect(side.gateway.requests).toEqual([])
})
