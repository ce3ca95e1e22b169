/** The same work done by the openssl command, in both directions. */
import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as AesEcb from '../../lib/crypto/aes-ecb.js'
import { hmac, md5 } from '../../lib/crypto/hash.js'
import { loadPrivateKey } from '../../lib/crypto/keys.js'
import * as Rsa from '../../lib/crypto/rsa.js'

let folder = ''
const at = (name: string) => join(folder, name)
const url = (name: string) => `file://${at(name)}`

function openssl(args: string[], input: string | Uint8Array = ''): Buffer {
  return execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'ignore'] })
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wechatpay-openssl-'))
  openssl(['genrsa', '-out', at('key.pem'), '2048'])
  openssl(['rsa', '-in', at('key.pem'), '-pubout', '-out', at('pub.pem')])
})
afterAll(() => rmSync(folder, { recursive: true }))

const message = 'GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n'

describe('openssl dgst', () => {
  it('verifies a signature of this package', () => {
    writeFileSync(at('signature'), Buffer.from(Rsa.sign(message, url('key.pem')), 'base64'))
    const output = openssl(['dgst', '-sha256', '-verify', at('pub.pem'), '-signature', at('signature')], message)
    expect(output.toString()).toBe('Verified OK\n')
  })

  it('makes a signature that this package verifies', () => {
    const signature = openssl(['dgst', '-sha256', '-sign', at('key.pem')], message).toString('base64')
    expect(Rsa.verify(message, signature, url('pub.pem'))).toBe(true)
    expect(Rsa.verify(`${message}\n`, signature, url('pub.pem'))).toBe(false)
  })

  it('digests as Hash does', () => {
    const digest = (...args: string[]) =>
      openssl(['dgst', '-r', ...args], 'abc&key=k')
        .toString()
        .slice(0, -' *stdin\n'.length)
    expect(md5('abc', 'k')).toBe(digest('-md5'))
    expect(hmac('abc', 'k')).toBe(digest('-sha256', '-hmac', 'k'))
  })
})

describe('openssl pkeyutl', () => {
  it.each([
    ['oaep', Rsa.OAEP],
    ['pkcs1', Rsa.PKCS1],
  ] as const)('encrypts and decrypts with %s as is done here', (mode, padding) => {
    const option = ['-pkeyopt', `rsa_padding_mode:${mode}`]
    const theirs = openssl(['pkeyutl', '-encrypt', '-pubin', '-inkey', at('pub.pem'), ...option], '张三')
    expect(Rsa.decrypt(theirs.toString('base64'), url('key.pem'), padding)).toBe('张三')
    const ours = Buffer.from(Rsa.encrypt('张三', url('pub.pem'), padding), 'base64')
    expect(openssl(['pkeyutl', '-decrypt', '-inkey', at('key.pem'), ...option], ours).toString()).toBe('张三')
  })
})

describe('openssl pkcs8 and rsa', () => {
  const encrypt = ['-topk8', '-passout', 'pass:中文 pass']

  it.each([
    ['PKCS#8', ['pkcs8', '-topk8', '-nocrypt'], undefined],
    ['PKCS#8 in DER', ['pkcs8', '-topk8', '-nocrypt', '-outform', 'DER'], undefined],
    ['PKCS#1', ['rsa', '-traditional'], undefined],
    ['PKCS#1 in DER', ['rsa', '-traditional', '-outform', 'DER'], undefined],
    ['encrypted PKCS#8', ['pkcs8', ...encrypt], '中文 pass'],
    ['encrypted PKCS#8 in DER', ['pkcs8', ...encrypt, '-outform', 'DER'], '中文 pass'],
    ['PKCS#8 encrypted with scrypt', ['pkcs8', ...encrypt, '-scrypt'], '中文 pass'],
    ['PKCS#8 encrypted with 3DES', ['pkcs8', ...encrypt, '-v1', 'PBE-SHA1-3DES'], '中文 pass'],
    ['encrypted PKCS#1', ['rsa', '-traditional', '-aes256', '-passout', 'pass:中文 pass'], '中文 pass'],
  ])('write %s that is read here', (_, args, passphrase) => {
    const file = openssl([...args, '-in', at('key.pem')])
    expect(loadPrivateKey(file, 'privateKey', passphrase).equals(loadPrivateKey(url('key.pem'), 'privateKey'))).toBe(
      true,
    )
  })

  it('write a PKCS#1 public key that is read here', () => {
    const pem = openssl(['rsa', '-in', at('key.pem'), '-RSAPublicKey_out']).toString()
    expect(Rsa.from(pem, 'public').equals(Rsa.from(url('pub.pem'), 'public'))).toBe(true)
    const base64 = pem.replace(/-----[^-]+-----|\s/g, '')
    expect(Rsa.fromSpki(Rsa.pkcs1ToSpki(base64)).equals(Rsa.from(url('pub.pem'), 'public'))).toBe(true)
  })

  it('write a key encrypted with retired RC2, which is refused with a cure', () => {
    const file = openssl([
      'pkcs8',
      '-topk8',
      '-v1',
      'PBE-SHA1-RC2-40',
      '-provider',
      'legacy',
      '-provider',
      'default',
      '-passout',
      'pass:x',
      '-in',
      at('key.pem'),
    ])
    expect(() => loadPrivateKey(file, 'privateKey', 'x')).toThrow('must be exported again')
  })
})

describe('openssl enc', () => {
  it('encrypts and decrypts req_info as is done here', () => {
    const key = md5('exposed_your_key_here_have_risks')
    const cipher = ['enc', '-aes-256-ecb', '-K', Buffer.from(key).toString('hex'), '-a', '-A']
    const theirs = openssl(cipher, '<root><a>中</a></root>').toString()
    expect(theirs).toBe(AesEcb.encrypt('<root><a>中</a></root>', key))
    expect(AesEcb.decrypt(theirs, key)).toBe('<root><a>中</a></root>')
  })
})
