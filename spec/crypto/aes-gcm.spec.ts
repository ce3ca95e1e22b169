import { Buffer } from 'node:buffer'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decrypt, decryptBytes, encrypt } from '../../lib/crypto/aes-gcm.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { data, replay, text } from '../fixtures/vectors.js'

const KEY = '0123456789abcdef0123456789ABCDEF'
const IV = 'a1b2c3d4e5f6'

function recordedEncrypt([plaintext, key, iv, aad]: unknown[]) {
  return encrypt(
    data(plaintext),
    text(key),
    iv === undefined ? '' : text(iv),
    aad === undefined ? undefined : text(aad),
  )
}

function recordedDecrypt([ciphertext, key, iv, aad]: unknown[]) {
  return decrypt(text(ciphertext), text(key), text(iv), text(aad))
}

const wrongLength = 'a key that is not 32 bytes is neither padded nor cut'
const shortTag = 'a tag shorter than 16 bytes proves nothing'

replay('aesgcm.encrypt', recordedEncrypt)
replay('aesgcm.decrypt', recordedDecrypt, { 'aesgcm.decrypt-007': 'bytes that are not UTF-8 are not a string' })
replay('aesgcm.decrypt-odd', recordedDecrypt)
replay('aesgcm.noiv', recordedEncrypt)
replay('aesgcm.longiv', recordedEncrypt)
replay('aesgcm.keylen', recordedEncrypt, {
  'aesgcm.keylen-001': wrongLength,
  'aesgcm.keylen-003': wrongLength,
  'aesgcm.keylen-005': wrongLength,
})
replay('aesgcm.taglen', recordedDecrypt, {
  'aesgcm.taglen-003': shortTag,
  'aesgcm.taglen-005': shortTag,
  'aesgcm.taglen-009': shortTag,
  'aesgcm.taglen-011': shortTag,
})

describe('AES-256-GCM', () => {
  const hex = (digits: string) => Buffer.from(digits, 'hex')

  // The GCM specification (McGrew and Viega), test cases 13, 14 and 16.
  it.each([
    ['00'.repeat(32), '', '', '00'.repeat(12), '530f8afbc74536b9a963b4f1c4cb738b'],
    [
      '00'.repeat(32),
      '00'.repeat(16),
      '',
      '00'.repeat(12),
      'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
    ],
    [
      'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
      'feedfacedeadbeeffeedfacedeadbeefabaddad2',
      'cafebabefacedbaddecaf888',
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
    ],
  ])('agrees with the specification under key %s', (key, plaintext, aad, iv, encrypted) => {
    const base64 = encrypt(hex(plaintext), hex(key), hex(iv), hex(aad))
    expect(Buffer.from(base64, 'base64').toString('hex')).toBe(encrypted)
    expect(decryptBytes(hex(encrypted), hex(key), hex(iv), hex(aad)).toString('hex')).toBe(plaintext)
  })

  it('one flipped bit anywhere, tag included, is refused', () => {
    const encrypted = Buffer.from(encrypt('{"amount":1}', KEY, IV, 'transaction'), 'base64')
    for (let bit = 0; bit < encrypted.length * 8; bit += 1) {
      const forged = Buffer.from(encrypted)
      forged.writeUInt8(forged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(() => decrypt(forged.toString('base64'), KEY, IV, 'transaction')).toThrow(InvalidArgumentError)
    }
  })

  it('bytes that are not UTF-8 come out of decryptBytes', () => {
    expect(decryptBytes('JyfdfyIFadhG9cL1i4bVbPDo', KEY, IV, '\0')).toEqual(Buffer.of(0, 255))
  })

  it('a byte order mark is part of the string', () => {
    expect(decrypt(encrypt('\ufeffa', KEY, IV), KEY, IV)).toBe('\ufeffa')
  })

  it('the key counts by bytes, not characters', () => {
    expect(() => encrypt('', '密'.repeat(32), IV)).toThrow(/`key` .*32 bytes; got 96/)
    expect(decrypt(encrypt('a', `${'密'.repeat(10)}ab`, IV), `${'密'.repeat(10)}ab`, IV)).toBe('a')
  })

  it('the key may be a KeyObject of 32 bytes', () => {
    const key = createSecretKey(KEY, 'utf8')
    expect(decrypt(encrypt('a', KEY, IV), key, IV)).toBe('a')
    expect(decrypt(encrypt('a', key, IV), KEY, IV)).toBe('a')
    expect(() => encrypt('a', createSecretKey('short', 'utf8'), IV)).toThrow(/`key` .*32 bytes; got 5/)
    const { publicKey } = generateKeyPairSync('ed25519')
    expect(() => encrypt('a', publicKey, IV)).toThrow(/`key` .*32 bytes; got an asymmetric key/)
  })

  it('a wrong key says what to check and shows no key', () => {
    const attempt = () => decrypt(encrypt('a', KEY, IV), 'k'.repeat(32), IV)
    expect(attempt).toThrow('APIv3 key')
    expect(attempt).toThrow(expect.objectContaining({ message: expect.not.stringContaining('kkkk') }))
  })

  it('an iv that GCM cannot take is refused', () => {
    expect(() => encrypt('a', KEY, '')).toThrow(/`iv` .*got 0/)
    expect(() => encrypt('a', KEY, 'i'.repeat(129))).toThrow(/`iv` .*got 129/)
  })

  it.each([undefined, null, 7, {}])('%s is not a plaintext', value => {
    // @ts-expect-error: neither a string nor bytes.
    expect(() => encrypt(value, KEY, IV)).toThrow(InvalidArgumentError)
  })
})
