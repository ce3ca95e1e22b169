import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import * as Notification from '../../lib/notification/index.js'
import { failure } from '../async.js'
import { keyFile } from '../fixtures/vectors.js'
import { answer, config, type Gateway, merchant, platform, signatureHeaders, startGateway } from '../gateway.js'
import { DAY, mintCertificate } from '../trust/platform.js'

const ID = 'PUB_KEY_ID_0114232134912410000000000000'
const publicKey = keyFile('lowserial.spki.pem')
const decimal = (hex: string) => BigInt(`0x${hex}`).toString()

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  gateway.answers = [answer(200, { ok: true })]
})

const open = (changes: object) => Builder.factory({ ...config, base_uri: gateway.url, ...changes })

function refusal(changes: object): string {
  try {
    open(changes)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError)
    return String(error)
  }
  return expect.fail('it was accepted')
}

describe('the name of a public key in `certs`', () => {
  it.each([ID, 'PUB_KEY_ID_01', 'PUB_KEY_ID_0A', platform.serial])('may be %s', async name => {
    await open({ certs: { ...config.certs, [name]: publicKey } })
      .chain('v3/x')
      .get()
      .catch(() => {})
    expect(gateway.requests[0]?.headers['wechatpay-serial']).toBe(name)
  })

  it.each([
    ['a space at its end', `${ID} `, 'a space (U+0020) at position 40'],
    ['a space before it', ` ${ID}`, 'a space (U+0020) at position 1'],
    ['a tab', `${ID}\t`, 'a tab (U+0009)'],
    ['a line feed', `${ID}\n`, 'a line feed (U+000A)'],
    ['a carriage return', `${ID}\r`, 'a carriage return (U+000D)'],
    ['a byte order mark', `\ufeff${ID}`, 'a byte order mark (U+FEFF)'],
    ['a zero-width space', `${ID}\u200b`, 'a zero-width space (U+200B)'],
    ['quotes', `"${ID}"`, '""" (U+0022)'],
    ['a wide digit', 'PUB_KEY_ID_０1', '"０" (U+FF10)'],
    ['the letter O for a zero', 'PUB_KEY_ID_O1', '"O" (U+004F)'],
    ['an underscore more', 'PUB_KEY_ID__01', '"_" (U+005F)'],
    ['the beginning alone', 'PUB_KEY_ID_', 'without digits'],
    ['lower case', ID.toLowerCase(), 'in lower case'],
    ['the digits alone', ID.slice('PUB_KEY_ID_'.length), '28 digits alone'],
    ['a name of the own', 'pub_key', 'neither an ID nor a serial'],
    ['a number', '1', '1 digits alone'],
    ['nothing', '', 'neither an ID nor a serial'],
  ])('must not be one with %s: nothing could be verified with it', (_what, name, found) => {
    expect(refusal({ certs: { [name]: publicKey } })).toContain(found)
    expect(() => Notification.create({ certs: { [name]: publicKey }, apiv3Key: 'x'.repeat(32) })).toThrow(found)
  })

  it('is not shown when it may be a secret', () => {
    for (const secret of ['5f4dcc3b5aa765d61d8327deb882cf99', 'apiv3-key-of-32-bytes-0123456789']) {
      for (const value of [publicKey, platform.certificate, 'garbage']) {
        expect(refusal({ certs: { [secret]: value } })).not.toContain(secret)
      }
    }
  })
})

describe('a platform certificate', () => {
  it.each([
    ['in lower case', platform.serial.toLowerCase()],
    ['with zeros before it', `00${platform.serial}`],
  ])('is announced under its own serial, which was written %s', async (_what, name) => {
    const wxpay = open({ certs: { [name]: platform.certificate } })
    expect((await wxpay.chain('v3/x').get()).statusCode).toBe(200)
    expect(gateway.requests[0]?.headers['wechatpay-serial']).toBe(platform.serial)
  })

  it('is announced with its leading zero, which was left out', async () => {
    const serial = keyFile('lowserial.serial.txt').trim()
    expect(serial).toMatch(/^0/)
    const wxpay = open({ certs: { [serial.slice(1)]: keyFile('lowserial.crt') } })
    await failure(wxpay.chain('v3/x').get())
    expect(gateway.requests[0]?.headers['wechatpay-serial']).toBe(serial)
  })

  it.each([
    ['in decimal', decimal(platform.serial), 'in decimal'],
    ['with a space', `${platform.serial} `, 'a space (U+0020)'],
    ['of a different certificate', merchant.serial, 'the serial'],
    ['that is the ID of a public key', ID, 'a certificate'],
  ])('must not be under a serial %s', (_what, name, found) => {
    const message = refusal({ certs: { [name]: platform.certificate } })
    expect(message).toContain(found)
    expect(message).toContain(platform.serial)
  })

  it('that has expired verifies nothing, so that nothing is sent with it alone', async () => {
    const now = Date.now()
    const { serial, certificate } = mintCertificate('lowserial', now - 100 * DAY, now - DAY)
    const error = await failure(
      open({ certs: { [serial]: certificate } })
        .chain('v3/x')
        .post({ json: {} }),
    )
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(String(error)).toContain(serial)
    expect(gateway.requests).toEqual([])
  })

  it('that has expired does not verify beside one that has not', async () => {
    const now = Date.now()
    const { serial, certificate, privateKey } = mintCertificate('lowserial', now - 100 * DAY, now - DAY)
    const wxpay = open({ certs: { ...config.certs, [serial]: certificate } })
    expect((await wxpay.chain('v3/x').get()).statusCode).toBe(200)
    gateway.answers = [answer(200, { ok: true }, signatureHeaders('{"ok":true}', { serial, privateKey }))]
    expect(await failure(wxpay.chain('v3/x').get())).toMatchObject({ reason: 'serial' })
  })
})

describe('the serial of the merchant', () => {
  it.each([
    ['in lower case', merchant.serial.toLowerCase()],
    ['with zeros before it', `00${merchant.serial}`],
  ])('is sent as the certificate has it, which was written %s', async (_what, serial) => {
    await open({ serial, merchant: { cert: merchant.certificate } })
      .chain('v3/x')
      .get()
    expect(gateway.requests[0]?.authorization.serial_no).toBe(merchant.serial)
  })

  it('is sent with its leading zero, which was left out', async () => {
    const serial = keyFile('lowserial.serial.txt').trim()
    const privateKey = keyFile('lowserial.pkcs8.key')
    const changes = { serial: serial.slice(1), privateKey, merchant: { cert: keyFile('lowserial.crt') } }
    await open(changes).chain('v3/x').get()
    expect(gateway.requests[0]?.authorization.serial_no).toBe(serial)
  })

  it.each([
    ['in decimal', { serial: decimal(merchant.serial) }, merchant.serial],
    [
      'in decimal, beside its certificate',
      { serial: decimal(merchant.serial), merchant: { cert: merchant.certificate } },
      'in decimal',
    ],
    ['with a space', { serial: `${merchant.serial} ` }, 'a space (U+0020)'],
    ['that is too long', { serial: `${merchant.serial}00` }, '42 digits'],
    ['that is empty', { serial: '' }, 'an empty string'],
    ['that is a number', { serial: 5 }, 'a number'],
  ])('is refused %s', (_what, changes, found) => {
    const message = refusal(changes)
    expect(message).toContain('`serial`')
    expect(message).toContain(found)
  })

  const sign = () => 'x'
  it.each([
    ['in lower case', { signer: { serial: merchant.serial.toLowerCase(), sign } }],
    ['with a line feed', { signer: { serial: `${merchant.serial}\n`, sign } }],
    ['in decimal', { signer: { serial: decimal(merchant.serial), sign } }],
    ['without its zero', { signer: { serial: '775', sign }, merchant: { cert: merchant.certificate } }],
    ['that is missing', { signer: { sign } }],
  ])('of a signer is refused %s', (_what, changes) => {
    expect(refusal({ ...changes, serial: undefined, privateKey: undefined })).toContain('`signer.serial`')
  })
})

it('no key is in what a refusal prints', () => {
  try {
    open({ certs: { [`${ID} `]: merchant.privateKey } })
  } catch (error) {
    expect(inspect(error, { depth: 9 })).not.toContain('PRIVATE KEY-')
    return
  }
  expect.fail('it was accepted')
})
