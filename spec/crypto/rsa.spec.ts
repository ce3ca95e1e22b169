import { Buffer } from 'node:buffer'
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
} from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCertificate, loadPrivateKey } from '../../lib/crypto/keys.js'
import * as Rsa from '../../lib/crypto/rsa.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { data, keyFile, keys, replay, text, type Vector } from '../fixtures/vectors.js'

let fixtures = ''
beforeAll(() => {
  fixtures = mkdtempSync(join(tmpdir(), 'wechatpay-rsa-'))
  for (const [name, content] of Object.entries(keys)) writeFileSync(join(fixtures, name), content)
})
afterAll(() => rmSync(fixtures, { recursive: true }))

const merchantKey = createPrivateKey(keyFile('merchant.pkcs8.key'))
const merchantPublicKey = createPublicKey(keyFile('merchant.spki.pem'))

/** A key as the recording shows one. */
function shown(key: KeyObject) {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'pem', type: 'spki' })
  const bits = key.asymmetricKeyDetails?.modulusLength
  return { $key: { private: key.type === 'private', bits, type: key.asymmetricKeyType, spki } }
}

/** A recorded argument with `{FX}` filled in. */
function placed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(placed)
  return typeof value === 'string' ? value.replaceAll('{FX}', fixtures) : value
}

replay('rsa.sign', ([message]) => Rsa.sign(data(message), merchantKey))
replay('rsa.sign-key', ([name]) => Rsa.sign('hello', keyFile(text(name))))
replay('rsa.sign-badkey', ([key]) => {
  // @ts-expect-error: some recorded values are not keys.
  return Rsa.sign('hello', key)
})
replay('rsa.verify', ([message, signature]) => Rsa.verify(data(message), text(signature), merchantPublicKey), {
  'rsa.verify-009': { reason: 'base64 is read strictly, white space is no part of it', gives: false },
})
replay('rsa.verify-key', ([name, signature]) => {
  const key = text(name)
  return Rsa.verify('hello', text(signature), keys[key] ?? key)
})
replay('rsa.pkcs1ToSpki', ([base64]) => Rsa.pkcs1ToSpki(text(base64)))
replay('rsa.from', recordedFrom, { 'rsa.from-073': 'an EC key signs nothing here' })
replay('rsa.sugar', ([base64], { call }) =>
  shown(call === 'Rsa::fromSpki' ? Rsa.fromSpki(text(base64)) : Rsa.fromPkcs8(text(base64))),
)
replay('rsa.decrypt', ([ciphertext]) => Rsa.decrypt(text(ciphertext), merchantKey))
replay('rsa.encrypt-roundtrip', ([plaintext]) =>
  Rsa.decrypt(Rsa.encrypt(text(plaintext), merchantPublicKey), merchantKey),
)
replay('rsa.encrypt-toolong', ([plaintext]) => Rsa.encrypt(text(plaintext), merchantPublicKey))
replay('rsa.padding', recordedPadding, {
  'rsa.padding-001': { reason: 'the customs identity check wants PKCS#1 v1.5', gives: 256 },
})
replay('pemutil.key', ([key], { call }) =>
  shown(loadPrivateKey(call.endsWith('FromString') ? text(key) : `file://${fixtures}/${text(key)}`, 'key')),
)
replay('pemutil.cert', ([certificate]) => loadCertificate(text(certificate), 'certificate'), {
  'pemutil.cert-001': 'a certificate or an error, never false',
})

function recordedFrom([thing, type]: unknown[]) {
  // @ts-expect-error: some recorded values are neither keys nor types.
  return shown(Rsa.from(placed(thing), type))
}

function recordedPadding([first, second]: unknown[], { call }: Vector) {
  if (call === 'Rsa::decrypt(x, priv, 1)') return Rsa.decrypt(text(first), merchantKey, paddingOf(second))
  return Buffer.from(Rsa.encrypt('hello', merchantPublicKey, paddingOf(first)), 'base64').length
}

function paddingOf(value: unknown): Rsa.Padding {
  if (value === Rsa.OAEP || value === Rsa.PKCS1) return value
  throw new TypeError(`${String(value)} was not recorded.`)
}

describe('signatures', () => {
  it('signAsync resolves to the signature of sign', async () => {
    const message = 'POST\n/v3/pay/transactions/native\n1554208460\nN\n{"description":"中文😀"}\n'
    const signature = await Rsa.signAsync(message, merchantKey)
    expect(signature).toBe(Rsa.sign(message, merchantKey))
    expect(signature).toBe(await Rsa.signAsync(Buffer.from(message), merchantKey))
    expect(Rsa.verify(message, signature, merchantPublicKey)).toBe(true)
  })

  it('signAsync rejects with the error of sign', async () => {
    await expect(Rsa.signAsync('hello', 'nope')).rejects.toThrow(InvalidArgumentError)
    // @ts-expect-error: no message.
    await expect(Rsa.signAsync(undefined, merchantKey)).rejects.toThrow(/`message` .*got undefined/)
  })

  it.each(['WECHATPAY/SIGNTEST/JTNeGbOhOaKzOgAnlHbqE6ybfVSL', 'AAAA', `${'A'.repeat(342)}==`, 'A'])(
    '%j does not verify and does not throw',
    signature => {
      expect(Rsa.verify('hello', signature, merchantPublicKey)).toBe(false)
    },
  )

  it.each([undefined, null, 7])('%s in place of a signature does not verify either', signature => {
    // @ts-expect-error: a header that did not come.
    expect(Rsa.verify('hello', signature, merchantPublicKey)).toBe(false)
  })

  it('a certificate verifies as its key does', () => {
    expect(Rsa.verify('hello', Rsa.sign('hello', merchantKey), keyFile('merchant.crt'))).toBe(true)
    expect(Rsa.verify('hello', Rsa.sign('hello', merchantKey), keyFile('platform.crt'))).toBe(false)
  })

  it('the wrong half of a key is refused by name', () => {
    expect(() => Rsa.sign('hello', merchantPublicKey)).toThrow(/`privateKey` .*got a public key/)
    expect(() => Rsa.verify('hello', '', merchantKey)).toThrow(/`publicKey` .*got a private key/)
    expect(() => Rsa.encrypt('hello', merchantKey)).toThrow(/`publicKey` .*got a private key/)
    expect(() => Rsa.decrypt('', merchantPublicKey)).toThrow(/`privateKey` .*got a public key/)
  })
})

describe('fromPkcs1', () => {
  const base64 = (name: string) => keyFile(name).replace(/-----[^-]+-----|\s/g, '')

  it('reads either half', () => {
    expect(Rsa.fromPkcs1(base64('merchant.pkcs1.key')).equals(merchantKey)).toBe(true)
    expect(Rsa.fromPkcs1(base64('merchant.pkcs1.pem'), Rsa.KEY_TYPE_PUBLIC).equals(merchantPublicKey)).toBe(true)
    expect(() => Rsa.fromPkcs1(base64('merchant.pkcs1.pem'))).toThrow(InvalidArgumentError)
  })

  it('pkcs1ToSpki converts it for fromSpki', () => {
    expect(Rsa.fromSpki(Rsa.pkcs1ToSpki(base64('merchant.pkcs1.pem'))).equals(merchantPublicKey)).toBe(true)
    expect(() => Rsa.pkcs1ToSpki('AAAA\n')).toThrow(/`base64` .*white space/)
  })
})

describe('encryption', () => {
  it.each([
    ['OAEP', Rsa.OAEP, 214],
    ['PKCS#1 v1.5', Rsa.PKCS1, 245],
  ] as const)('%s takes a plaintext that fits, refuses a byte more, and names the limit', (_, padding, limit) => {
    for (const plaintext of ['', '张三', 'x'.repeat(limit)]) {
      expect(Rsa.decrypt(Rsa.encrypt(plaintext, merchantPublicKey, padding), merchantKey, padding)).toBe(plaintext)
    }
    expect(() => Rsa.encrypt('x'.repeat(limit + 1), merchantPublicKey, padding)).toThrow(
      new RegExp(`\`plaintext\` .* ${limit} bytes .*got ${limit + 1}`),
    )
    expect(() => Rsa.encrypt('中'.repeat(82), merchantPublicKey, padding)).toThrow('got 246')
  })

  it('the limit grows with the key', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2304 })
    expect(Rsa.decrypt(Rsa.encrypt('x'.repeat(246), publicKey), privateKey)).toBe('x'.repeat(246))
    expect(() => Rsa.encrypt('x'.repeat(247), publicKey)).toThrow(/ 246 bytes .*got 247/)
  })

  it('the paddings are the numbers of OpenSSL', () => {
    expect(Rsa.OAEP).toBe(constants.RSA_PKCS1_OAEP_PADDING)
    expect(Rsa.PKCS1).toBe(constants.RSA_PKCS1_PADDING)
  })

  it.each([0, 3, 5, '4', null])('a padding of %j is refused', padding => {
    // @ts-expect-error: an unknown padding.
    expect(() => Rsa.encrypt('hello', merchantPublicKey, padding)).toThrow(/^`padding` /)
    // @ts-expect-error: an unknown padding.
    expect(() => Rsa.decrypt('AAAA', merchantKey, padding)).toThrow(/^`padding` /)
  })

  it.each([Rsa.OAEP, Rsa.PKCS1] as const)(
    'a ciphertext for a different key, or a changed one, is refused (padding %d)',
    padding => {
      const other = Rsa.encrypt('hello', keyFile('platform.spki.pem'), padding)
      const changed = Buffer.from(Rsa.encrypt('hello', merchantPublicKey, padding), 'base64')
      changed.writeUInt8(changed.readUInt8(128) ^ 1, 128)
      for (const ciphertext of [other, changed.toString('base64')]) {
        expect(() => Rsa.decrypt(ciphertext, merchantKey, padding)).toThrow(InvalidArgumentError)
      }
    },
  )

  it('a ciphertext with the other padding is refused', () => {
    expect(() => Rsa.decrypt(Rsa.encrypt('x', merchantPublicKey, Rsa.PKCS1), merchantKey)).toThrow(/key and padding/)
    expect(() => Rsa.decrypt(Rsa.encrypt('x', merchantPublicKey), merchantKey, Rsa.PKCS1)).toThrow(/key and padding/)
  })

  it('a ciphertext of a different length is refused', () => {
    expect(() => Rsa.decrypt('AAAA', merchantKey)).toThrow(/`ciphertext` .*256 bytes.*got 3/)
  })

  it.each([Rsa.OAEP, Rsa.PKCS1] as const)('zero bytes in a plaintext are kept (padding %d)', padding => {
    const plaintext = Buffer.of(0, 65, 0, 0, 66, 0)
    expect(Rsa.decryptBytes(Rsa.encrypt(plaintext, merchantPublicKey, padding), merchantKey, padding)).toEqual(
      plaintext,
    )
  })

  it('a plaintext that is not UTF-8 comes out of decryptBytes', () => {
    const ciphertext = Rsa.encrypt(Buffer.of(0xff, 0), merchantPublicKey)
    expect(() => Rsa.decrypt(ciphertext, merchantKey)).toThrow('Rsa.decryptBytes')
    expect(Rsa.decryptBytes(ciphertext, merchantKey)).toEqual(Buffer.of(0xff, 0))
  })

  it.each([
    ['a different block type', [0, 1, ...Array(8).fill(9), 0, 65]],
    ['a different first byte', [1, 2, ...Array(8).fill(9), 0, 65]],
    ['seven bytes of filler', [0, 2, ...Array(7).fill(9), 0, 65]],
    ['no filler', [0, 2, 0, 65]],
    ['no separator', [0, 2]],
  ])('a PKCS#1 v1.5 block with %s is refused on every Node', (_, head) => {
    const block = Buffer.from([...head, ...Array(256 - head.length).fill(7)])
    const raw = publicEncrypt({ key: merchantPublicKey, padding: constants.RSA_NO_PADDING }, block)
    expect(() => Rsa.decrypt(raw.toString('base64'), merchantKey, Rsa.PKCS1)).toThrow(InvalidArgumentError)
  })
})
