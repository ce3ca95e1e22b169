import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeDer, identifyDer } from '../../lib/crypto/der.js'
import { keyFile } from '../fixtures/vectors.js'

function derOf(name: string): Buffer {
  return Buffer.from(keyFile(name).replace(/-----[^-]+-----/g, ''), 'base64')
}

describe('identifyDer', () => {
  it.each([
    ['merchant.pkcs1.key', 'private.pkcs1'],
    ['merchant.pkcs8.key', 'private.pkcs8'],
    ['merchant.encrypted.pkcs8.key', 'encrypted.pkcs8'],
    ['ec.key', 'private.sec1'],
    ['merchant.pkcs1.pem', 'public.pkcs1'],
    ['merchant.spki.pem', 'public.spki'],
    ['ec.pem', 'public.spki'],
    ['merchant.crt', 'certificate'],
  ])('%s is recognised as %s', (name, format) => {
    expect(identifyDer(derOf(name))).toBe(format)
  })

  it('a PKCS#12 file of openssl is recognised', () => {
    const input = keyFile('merchant.pkcs8.key') + keyFile('merchant.crt')
    const file = execFileSync('openssl', ['pkcs12', '-export', '-passout', 'pass:1230000109'], { input })
    expect(identifyDer(file)).toBe('pkcs12')
  })

  it('an Ed25519 key is PKCS#8 and SPKI like any other', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    expect(identifyDer(privateKey.export({ format: 'der', type: 'pkcs8' }))).toBe('private.pkcs8')
    expect(identifyDer(publicKey.export({ format: 'der', type: 'spki' }))).toBe('public.spki')
  })

  it('a key that is cut or extended is not recognised', () => {
    const der = derOf('merchant.spki.pem')
    for (let length = 0; length < der.length; length += 1) {
      expect(identifyDer(der.subarray(0, length))).toBeUndefined()
    }
    expect(identifyDer(Buffer.concat([der, Buffer.of(0)]))).toBeUndefined()
  })

  it.each([
    ['an indefinite length', '3080300003000000'],
    ['a member of indefinite length', '300430800300'],
    ['a member that is longer than the whole', '300430000305'],
    ['a member without a length', '300102'],
    ['an empty sequence', '3000'],
    ['a different tag', '0403020100'],
    ['a known shape with something behind it', '3006300003000400'],
    ['an unknown shape', '30030c0141'],
  ])('%s is unknown', (_, hex) => {
    expect(identifyDer(Buffer.from(hex, 'hex'))).toBeUndefined()
  })
})

describe('encodeDer', () => {
  it.each([
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65_535, '0482ffff'],
    [65_536, '0483010000'],
  ])('a content of %d bytes has the shortest length', (length, head) => {
    const element = encodeDer(0x04, Buffer.alloc(length))
    expect(element.subarray(0, head.length / 2).toString('hex')).toBe(head)
    expect(element).toHaveLength(head.length / 2 + length)
  })
})
