import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSm4GcmDecipher, decrypt, encrypt, keyOf } from '../../lib/crypto/sm4-gcm.js'
import { InvalidArgumentError } from '../../lib/errors.js'

const hex = (digits: string) => Buffer.from(digits, 'hex')
const KEY = '0123456789abcdeffedcba9876543210'
const OTHER_KEY = '00112233445566778899aabbccddeeff'
const ZEROS = '00'.repeat(40)

// sm4_gcm_test.json of C2SP/wycheproof, by its tcId. The first is also RFC 8998, appendix A.1.
const VECTORS: readonly (readonly [tcId: string, key: string, iv: string, aad: string, msg: string, ct: string])[] = [
  [
    '1',
    KEY,
    '00001234567800000000abcd',
    'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    'aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa',
    '17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec',
  ],
  ['2', 'bedcfb5a011ebc84600fcb296c15af0d', '438a547a94ea88dce46c6c85', '', '', 'a486a45596cb92cf529de2038583707d'],
  [
    '5',
    'dd6197cd63c963919cf0c273ef6b28bf',
    'ecb0c42f7000ef0e6f95f24d',
    '',
    '4dcc1485365866e25ac3f2ca6aba97',
    '8903a5225332b06e89bc1ad13e440641feccc33a5a27fab0883a11e4ba3b71',
  ],
  [
    '12',
    '6a68671dfe323d419894381f85eb63fd',
    '9f0d85b605711f34cd2a35ba',
    '76eb5f147250fa3c12bff0a6e3934a0b16860cf11646773b',
    '0fc67899c3f1bbe196d90f1eca3797389230aa37',
    'e2ceb4ed26cad57080e1bf3104f3251c486395d600468fce2225bfea9b46679889cd1241',
  ],
  [
    '37, whose tag is all ones',
    OTHER_KEY,
    '000000000000000000000000',
    '',
    '5d5078da12857e409e1f3ae19cfc8a3a',
    '70b0c110177e873599d05676fcde10edffffffffffffffffffffffffffffffff',
  ],
  [
    '38, whose tag is all zeros',
    OTHER_KEY,
    'ffffffffffffffffffffffff',
    '',
    'f3937d8216ab17e05ffb8b490a001a1c',
    '362c07b231c4525edc14db3319f19f1900000000000000000000000000000000',
  ],
  [
    '68, whose counter starts again at once',
    OTHER_KEY,
    '97d84172e735eab6765dfb7292c7c395',
    '',
    ZEROS,
    '3c5a4347f370ff7c7affd4a10b3ed1ea8e1393f00c3ff44f854bb3292668a544c5bf7a30276f45be63636b1cf3c7b0ac7f7da87f8d5c54e8',
  ],
  [
    '72, whose counter starts again after a block',
    OTHER_KEY,
    '3a3918b4d9d4dd7fbe95a6fd2b27d7f0',
    '',
    ZEROS,
    'ce3accdfdaa44e27e4d0dd28be07b4d022c0809d825fae45a6442e4e93a01332ffb92a5fb2f0f55186d70e1ff4e39e6d338af1e84de15e3b',
  ],
  [
    '73, whose counter starts again after two blocks',
    OTHER_KEY,
    '31c0f6d7f008723a59fe30ee3c2aa255',
    '',
    ZEROS,
    '62d861508b4633b1bd36116bbf3ac9d1ce3accdfdaa44e27e4d0dd28be07b4d022c0809d825fae45f5d4357e568000a2c279fc2e02177f22',
  ],
  [
    '85, with an iv of 15 bytes',
    '34c74e28182948e03af02a01f46eb4f7',
    'b0a73119a97d623806b49d45ddf4c7',
    '',
    'fe82ba66cf2e265741f2c86c',
    'c0392af55791eae29abaf4dff8c5423dd1a305dd8fbd3ed2ea063f47',
  ],
  [
    '87, with an iv of 32 bytes',
    '5927bae748bb69d81b5a724e0a165652',
    '365e0b96932b13306f92e9bb23847165bcbf5d35e45a83d75c86ecca70131f4c',
    '',
    '316bf99bfafc76f1bfc0b03c',
    '62fa000549eb27532e8590b6a6525a74c51f5e1fa966e2845aa290c0',
  ],
  [
    '92, with an iv of one byte',
    'fec58aa8cf06bfe05de829f27ec77693',
    '9d',
    '',
    'f2d99a9f893378e0757d27c2e3a3101b',
    'cac61589057f75405d41fa646a757b59dfc394e6590ff100d0754f45c01f958e',
  ],
]

/** Decrypts in pieces of the given size. */
function decryptPieces(ciphertext: Buffer, size: number, [key, iv, aad]: [Buffer, Buffer, Buffer]): Buffer {
  const decipher = createSm4GcmDecipher(key, iv, aad)
  decipher.setAuthTag(ciphertext.subarray(-16))
  const pieces: Buffer[] = []
  const end = ciphertext.length - 16
  for (let at = 0; at < end; at += size) pieces.push(decipher.update(ciphertext.subarray(at, Math.min(at + size, end))))
  decipher.final()
  return Buffer.concat(pieces)
}

describe('SM4-GCM', () => {
  it.each(VECTORS)('Wycheproof %s', (_tcId, key, iv, aad, msg, ct) => {
    expect(Buffer.from(encrypt(hex(msg), hex(key), hex(iv), hex(aad)), 'base64').toString('hex')).toBe(ct)
    for (const size of [1, 7, 16, 33, 1000]) {
      expect(decryptPieces(hex(ct), size, [hex(key), hex(iv), hex(aad)]).toString('hex')).toBe(msg)
    }
  })

  it('a tag with any bit flipped is refused, as is one of another length', () => {
    const key = hex('000102030405060708090a0b0c0d0e0f')
    const iv = hex('505152535455565758595a5b')
    const genuine = hex('2610dc674b46c13dd4e2406d0c0873c4507976811555a04bb20921a3d81edae4')
    expect(decryptPieces(genuine, 16, [key, iv, hex('')]).toString('hex')).toBe('202122232425262728292a2b2c2d2e2f')
    for (let bit = 0; bit < genuine.length * 8; bit++) {
      const changed = Buffer.from(genuine)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => decryptPieces(changed, 16, [key, iv, hex('')])).toThrow(InvalidArgumentError)
    }
    expect(() => decryptPieces(genuine, 16, [key, iv, hex('00')])).toThrow(InvalidArgumentError)
    for (const tag of ['', '50', '507976811555a04bb20921a3d81eda']) {
      const decipher = createSm4GcmDecipher(key, iv)
      decipher.update(genuine.subarray(0, 16))
      decipher.setAuthTag(hex(tag))
      expect(() => decipher.final()).toThrow(InvalidArgumentError)
    }
  })

  it('without a tag nothing is genuine', () => {
    expect(() => createSm4GcmDecipher(hex(KEY), randomBytes(12)).final()).toThrow(InvalidArgumentError)
  })

  // BaseAeadSM4Test of wechatpay-apiv3/wechatpay-java.
  it('what the official Java SDK encrypts with the APIv3 key is decrypted, and the other way round', () => {
    const key = keyOf('a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb')
    const ciphertext = '+lcLNfkZQQx+iQm20Apa3x9Mb/5L7PgZ7w=='
    expect(decrypt(ciphertext, key, 'uluk4a9R25RW', 'associatedData')).toBe('plaintext')
    expect(encrypt('plaintext', key, 'uluk4a9R25RW', 'associatedData')).toBe(ciphertext)
    expect(() => decrypt('+lcLNfkZQQx+iQm20Apa3x9Mb/5L7PgZ8w==', key, 'uluk4a9R25RW', 'associatedData')).toThrow(
      InvalidArgumentError,
    )
  })

  it.each([
    ['a key of AES-256', () => encrypt('', KEY.slice(0, 32), '0'.repeat(12)), /16 bytes; got 32/],
    ['an empty iv (Wycheproof 104)', () => encrypt('', hex(KEY), ''), /`iv`/],
    ['an APIv3 key that is not 32 bytes', () => keyOf('short'), /32 bytes; got 5/],
    ['less than a tag', () => decrypt('AAAA', hex(KEY), '0'.repeat(12)), /16 bytes.*got 3/],
    ['what is not base64', () => decrypt('***', hex(KEY), '0'.repeat(12)), /base64/],
    ['a plaintext that is not UTF-8', () => decrypt(encrypt(hex('ff'), hex(KEY), 'iv'), hex(KEY), 'iv'), /UTF-8/],
  ])('%s is refused by name', (_what, run, message) => {
    expect(run).toThrow(InvalidArgumentError)
    expect(run).toThrow(message)
  })
})
