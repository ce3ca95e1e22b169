import { constants, createPrivateKey, createPublicKey, publicEncrypt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { decryptField } from '../../lib/trust/decrypt-field.js'
import { keyFile } from '../fixtures/vectors.js'

const privateKey = createPrivateKey(keyFile('merchant.pkcs8.key'))
const publicKey = createPublicKey(privateKey)
const foreignKey = createPublicKey(keyFile('platform.spki.pem'))

const PADDINGS = [
  ['OAEP', constants.RSA_PKCS1_OAEP_PADDING],
  ['PKCS#1 v1.5', constants.RSA_PKCS1_PADDING],
] as const

const encrypt = (text: string, padding: number) =>
  publicEncrypt({ key: publicKey, padding }, Buffer.from(text)).toString('base64')

/** A block as RSA sees it, without any padding of its own: what a wrong key leaves is such a block. */
const encryptBlock = (block: Buffer, key = publicKey) =>
  publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, block).toString('base64')

const pkcs1Block = (message: Buffer) =>
  Buffer.concat([Buffer.of(0, 2), Buffer.alloc(253 - message.length, 0xa5), Buffer.of(0), message])

describe.each(PADDINGS)('a field that was encrypted with %s', (_, padding) => {
  it('is decrypted', () => {
    expect(decryptField(encrypt('张𠮷😀', padding), privateKey)).toBe('张𠮷😀')
  })
})

describe('a block whose padding is right by chance', () => {
  it('is recognised: a string passes', () => {
    expect(decryptField(encryptBlock(pkcs1Block(Buffer.from('张三'))), privateKey)).toBe('张三')
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['bytes that are not a string', Buffer.of(0x9f, 0xc3, 0x28)],
    ['control characters', Buffer.from('a\u0007b')],
  ])('is refused when it holds %s', (_, message) => {
    expect(() => decryptField(encryptBlock(pkcs1Block(message)), privateKey)).toThrow(InvalidArgumentError)
  })

  it.each([
    ['is cut', Buffer.concat([Buffer.of(0, 2), Buffer.alloc(254, 0xa5)])],
    ['is too short', Buffer.concat([Buffer.of(0, 2, 1, 1, 1, 1, 1, 1, 1, 0), Buffer.alloc(246, 0x61)])],
    [
      'is that of a signature',
      Buffer.concat([Buffer.of(0, 1), Buffer.alloc(250, 0xff), Buffer.of(0), Buffer.from('abc')]),
    ],
  ])('is refused when it %s', (_, block) => {
    expect(() => decryptField(encryptBlock(block), privateKey)).toThrow(InvalidArgumentError)
  })
})

it('what was encrypted for a different key is refused', () => {
  const ciphertext = encryptBlock(pkcs1Block(Buffer.from('张三')), foreignKey)
  expect(() => decryptField(ciphertext, privateKey)).toThrow(InvalidArgumentError)
})

it('an empty string in OAEP is an empty string', () => {
  expect(decryptField(encrypt('', constants.RSA_PKCS1_OAEP_PADDING), privateKey)).toBe('')
})
