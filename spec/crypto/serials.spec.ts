import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isPublicKeyId, loadCertificate, normalizeSerial, serialOf } from '../../lib/crypto/keys.js'
import { keyFile, replay, text } from '../fixtures/vectors.js'

replay('pemutil.serial', ([name]) => serialOf(loadCertificate(keyFile(text(name)), 'certificate')))

describe('serials', () => {
  it.each(['merchant', 'platform', 'lowserial'])('the serial of %s is as openssl prints it', name => {
    expect(serialOf(new X509Certificate(keyFile(`${name}.crt`)))).toBe(keyFile(`${name}.serial.txt`).trim())
  })

  it.each([
    ['0a0b0c0d', '0A0B0C0D'],
    ['A0B0C0D', '0A0B0C0D'],
    ['000A0B0C0D', 'a0b0c0d'],
    ['00', '0'],
    ['3775b6a45acd588826d15e583a95f5dd00000001', '3775B6A45ACD588826D15E583A95F5DD00000001'],
  ])('%s and %s are the same', (one, other) => {
    expect(normalizeSerial(one)).toBe(normalizeSerial(other))
  })

  it('a serial of zero keeps a digit', () => {
    expect(normalizeSerial('00')).toBe('0')
  })

  it('trailing zeros count', () => {
    expect(normalizeSerial('10')).not.toBe(normalizeSerial('1'))
  })

  it.each(['PUB_KEY_ID_0114232134912410000000000000', 'PUB_KEY_ID_00', '', ' 0A', '0x0A', '__proto__'])(
    '%j is not hex and stays as it is',
    serial => {
      expect(normalizeSerial(serial)).toBe(serial)
    },
  )

  it('a public key id is recognised by its prefix', () => {
    expect(isPublicKeyId('PUB_KEY_ID_0114232134912410000000000000')).toBe(true)
    expect(isPublicKeyId('3775B6A45ACD588826D15E583A95F5DD00000001')).toBe(false)
  })
})
