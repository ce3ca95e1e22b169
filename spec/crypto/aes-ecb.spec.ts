import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { decrypt, encrypt } from '../../lib/crypto/aes-ecb.js'
import { md5 } from '../../lib/crypto/hash.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { data, replay, text } from '../fixtures/vectors.js'

const KEY = '0123456789abcdef0123456789ABCDEF'

function recordedEncrypt([plaintext, key, iv]: unknown[]) {
  return encrypt(data(plaintext), text(key), iv === undefined ? undefined : text(iv))
}

function recordedDecrypt([ciphertext, key]: unknown[]) {
  return decrypt(text(ciphertext), text(key))
}

const wrongLength = 'a key that is not 32 bytes is neither padded nor cut'
const lenient = 'base64 is read strictly'

replay('aesecb.encrypt', recordedEncrypt)
replay('aesecb.decrypt', recordedDecrypt)
replay('aesecb.iv', recordedEncrypt)
replay('aesecb.reqinfo', ([info, key]) => decrypt(text(info), md5(text(key))))
replay('aesecb.keylen', recordedEncrypt, {
  'aesecb.keylen-001': wrongLength,
  'aesecb.keylen-003': wrongLength,
  'aesecb.keylen-005': wrongLength,
})
replay('aesecb.decrypt-odd', recordedDecrypt, {
  'aesecb.decrypt-odd-005': lenient,
  'aesecb.decrypt-odd-007': lenient,
  'aesecb.decrypt-odd-009': lenient,
  'aesecb.decrypt-odd-011': lenient,
})

describe('AES-256-ECB', () => {
  it('agrees with FIPS 197, appendix C.3', () => {
    const key = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
    const encrypted = Buffer.from(encrypt(Buffer.from('00112233445566778899aabbccddeeff', 'hex'), key), 'base64')
    expect(encrypted.subarray(0, 16).toString('hex')).toBe('8ea2b7ca516745bfeafc49904b496089')
    expect(encrypted).toHaveLength(32)
  })

  it('bytes that are not UTF-8 are refused, not replaced', () => {
    expect(() => decrypt(encrypt(Buffer.of(0xff, 0xfe), KEY), KEY)).toThrow(/`plaintext` .*UTF-8/)
  })

  it.each(['', 'AAAA', 'x6EXMUx6aEErPbmxL6WQLA=='])('%j does not decrypt', ciphertext => {
    expect(() => decrypt(ciphertext, KEY)).toThrow(InvalidArgumentError)
  })

  it('a failure names the key of req_info', () => {
    expect(() => decrypt('x6EXMUx6aEErPbmxL6WQLQ==', 'k'.repeat(32))).toThrow('Hash.md5(<APIv2 key>)')
  })
})
