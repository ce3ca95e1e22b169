import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type KeyInput,
  keyMatchesCertificate,
  kindOfKey,
  loadCertificate,
  loadPrivateKey,
  loadPublicKey,
  loadSigningKey,
  loadVerificationKey,
  serialOf,
} from '../../lib/crypto/keys.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { keyFile } from '../fixtures/vectors.js'
import { JAVA } from './sm2-vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'wechatpay keys 密-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): URL {
  const path = join(folder, name)
  writeFileSync(path, content)
  return pathToFileURL(path)
}

function base64Of(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '')
}

const pkcs8 = keyFile('merchant.pkcs8.key')
const pkcs1 = keyFile('merchant.pkcs1.key')
const spki = keyFile('merchant.spki.pem')
const pkcs1Public = keyFile('merchant.pkcs1.pem')
const certificate = keyFile('merchant.crt')
const encrypted = keyFile('merchant.encrypted.pkcs8.key')
const encryptedOld = keyFile('merchant.encrypted.pkcs1.key')
const passphrase = keyFile('merchant.pass.txt').trim()
const privateKey = createPrivateKey(pkcs8)
const publicKey = createPublicKey(spki)

const escaped = (pem: string) => pem.replaceAll('\n', '\\n')
const der = (pem: string) => Buffer.from(base64Of(pem), 'base64')

describe('a private key is read from', () => {
  it.each<[string, KeyInput]>([
    ['PKCS#8 PEM', pkcs8],
    ['PKCS#1 PEM', pkcs1],
    ['PEM with CRLF', pkcs8.replaceAll('\n', '\r\n')],
    ['PEM with escaped line ends', escaped(pkcs8)],
    ['PEM with escaped CRLF', pkcs8.replaceAll('\n', '\\r\\n')],
    ['PEM on one line', pkcs8.replaceAll('\n', ' ')],
    ['PEM whose line ends were escaped twice', pkcs8.replaceAll('\n', '\\\\n')],
    ['base64 of a whole PEM file, as Kubernetes keeps it', Buffer.from(pkcs8).toString('base64')],
    [
      'the same in lines',
      Buffer.from(certificate + pkcs8)
        .toString('base64')
        .replace(/.{76}/g, '$&\n'),
    ],
    ['the same as bytes', Buffer.from(Buffer.from(pkcs8).toString('base64'))],
    ['PEM behind PEM that was cut off', pkcs8.slice(0, 200) + pkcs8],
    ['PEM indented by an editor', pkcs8.replaceAll('\n', '\n    ')],
    ['PEM after a byte order mark', `\ufeff${pkcs8}`],
    ['PEM behind the attributes that openssl pkcs12 prints', `Bag Attributes\n    friendlyName: x\n${pkcs8}`],
    ['PEM behind its certificate', certificate + pkcs8],
    ['PEM bytes', Buffer.from(pkcs8)],
    ['DER bytes of PKCS#8', der(pkcs8)],
    ['DER bytes of PKCS#1', der(pkcs1)],
    ['DER bytes as a Uint8Array inside a larger buffer', new Uint8Array([0, ...der(pkcs8), 0]).subarray(1, -1)],
    ['a file URL', file('apiclient_key.pem', pkcs8)],
    ['a file URL as a string', file('apiclient_key.pem', pkcs8).href],
    ['a file:// string with unescaped spaces and Chinese', `file://${folder}/apiclient_key.pem`],
    ['a DER file', file('apiclient_key.der', der(pkcs1))],
    ['private.pkcs8://', `private.pkcs8://${base64Of(pkcs8)}`],
    ['private.pkcs1://', `private.pkcs1://${base64Of(pkcs1)}`],
    ['base64 alone', base64Of(pkcs8)],
    ['base64 alone, in lines', base64Of(pkcs1).replace(/.{64}/g, '$&\n')],
    ['a KeyObject', privateKey],
    ['a JWK', privateKey.export({ format: 'jwk' })],
  ])('%s', (_, input) => {
    const key = loadPrivateKey(input, 'privateKey')
    expect(key.type).toBe('private')
    expect(key.equals(privateKey)).toBe(true)
  })

  it.each<[string, KeyInput]>([
    ['PKCS#8', encrypted],
    ['PKCS#8 with escaped line ends', escaped(encrypted)],
    ['PKCS#8 with CRLF', encrypted.replaceAll('\n', '\r\n')],
    ['PKCS#8 DER', der(encrypted)],
    ["OpenSSL's old form", encryptedOld],
    ["OpenSSL's old form with escaped line ends", escaped(encryptedOld)],
    ["OpenSSL's old form with CRLF", encryptedOld.replaceAll('\n', '\r\n')],
    ["OpenSSL's old form on one line", encryptedOld.replaceAll('\n', ' ')],
    ["OpenSSL's old form, indented", encryptedOld.replaceAll('\n', '\n    ')],
    ['base64 of a whole PEM file', Buffer.from(encryptedOld).toString('base64')],
    ['a file', file('encrypted.pem', encrypted)],
  ])('an encrypted one with its passphrase: %s', (_, input) => {
    expect(loadPrivateKey(input, 'privateKey', passphrase).equals(privateKey)).toBe(true)
  })

  it('a key that is not encrypted, whatever the passphrase', () => {
    expect(loadPrivateKey(pkcs8, 'privateKey', 'unused').equals(privateKey)).toBe(true)
  })
})

describe('a public key is read from', () => {
  it.each<[string, KeyInput]>([
    ['SPKI PEM', spki],
    ['PKCS#1 PEM', pkcs1Public],
    ['a certificate', certificate],
    ['a certificate behind its private key', pkcs8 + certificate],
    ['an X509Certificate', new X509Certificate(certificate)],
    ['DER bytes of SPKI', der(spki)],
    ['DER bytes of PKCS#1', der(pkcs1Public)],
    ['DER bytes of a certificate', der(certificate)],
    ['a file URL', file('pub_key.pem', spki)],
    ['public.spki://', `public.spki://${base64Of(spki)}`],
    ['public.pkcs1://', `public.pkcs1://${base64Of(pkcs1Public)}`],
    ['escaped line ends', escaped(spki)],
    ['a KeyObject', publicKey],
    ['a JWK', publicKey.export({ format: 'jwk' })],
  ])('%s', (_, input) => {
    const key = loadPublicKey(input, 'certs.PUB_KEY_ID_01')
    expect(key.type).toBe('public')
    expect(key.equals(publicKey)).toBe(true)
  })
})

describe('a certificate is read from', () => {
  it.each<[string, KeyInput]>([
    ['PEM', certificate],
    ['PEM behind its key', pkcs8 + certificate],
    ['DER', der(certificate)],
    ['a file', file('apiclient_cert.pem', certificate)],
    ['an X509Certificate', new X509Certificate(certificate)],
    ['escaped line ends', escaped(certificate)],
  ])('%s', (_, input) => {
    expect(loadCertificate(input, 'merchant.cert').fingerprint256).toBe(new X509Certificate(certificate).fingerprint256)
  })

  it('a chain, the first being its own', () => {
    const chain = certificate + keyFile('platform.crt')
    expect(loadCertificate(chain, 'merchant.cert').serialNumber).toBe(keyFile('merchant.serial.txt').trim())
  })
})

const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
const pkcs12 = execFileSync('openssl', ['pkcs12', '-export', '-passout', 'pass:x'], { input: pkcs8 + certificate })
const requestKey = fileURLToPath(file('request.key', pkcs8))
const request = execFileSync('openssl', ['req', '-new', '-key', requestKey, '-subj', '/CN=1230000109'], {
  encoding: 'utf8',
})
const sm2 = execFileSync('openssl', ['genpkey', '-algorithm', 'SM2'], { encoding: 'utf8' })

describe('a private key is refused, and the error says what it is:', () => {
  it.each<[string, KeyInput, string | RegExp]>([
    ['a public key', spki, /an RSA private key; got a public key/],
    ['a PKCS#1 public key', pkcs1Public, 'a public key'],
    ['a certificate', certificate, 'a certificate'],
    ['an X509Certificate', new X509Certificate(certificate), 'a certificate'],
    ['a public KeyObject', publicKey, 'a public key'],
    ['a public JWK', publicKey.export({ format: 'jwk' }), 'a public key'],
    ['a secret KeyObject', createSecretKey(Buffer.alloc(32)), 'a secret (symmetric) key'],
    ['a certificate request', request, 'PEM labelled CERTIFICATE REQUEST'],
    ['a PKCS#12 file', pkcs12, 'merchant.pfx'],
    ['an encrypted key without a passphrase', encrypted, 'an encrypted private key without a passphrase'],
    ['an encrypted key of the old form', encryptedOld, 'an encrypted private key without a passphrase'],
    ['an EC key in its own form', keyFile('ec.key'), 'a key of type ec'],
    ['an EC key in PKCS#8', ec.privateKey.export({ format: 'pem', type: 'pkcs8' }), 'a key of type ec'],
    ['an EC KeyObject', ec.privateKey, 'a key of type ec'],
    ['an EC JWK', ec.privateKey.export({ format: 'jwk' }), 'a key of type ec'],
    ['an RSA-PSS key', pss.privateKey, 'a key of type rsa-pss'],
    ['an SM2 key', sm2, 'RSA of at least 2048 bits; got an SM2 key'],
    ['an RSA key of 1024 bits', small.privateKey, /at least 2048 bits; got an RSA key of 1024 bits/],
    ['public.spki://', `public.spki://${base64Of(spki)}`, 'a public key'],
    [
      'private.pkcs1:// with PKCS#8',
      `private.pkcs1://${base64Of(pkcs8)}`,
      'private.pkcs1:// with the content of private.pkcs8',
    ],
    ['private.pkcs8:// with nothing', 'private.pkcs8://', 'content that is not a key'],
    ['private.pkcs8:// with a line end', `private.pkcs8://${base64Of(pkcs8).replace('M', 'M\n')}`, 'white space'],
    ['PEM that was cut off', pkcs8.slice(0, 200), 'PEM without its END line'],
    ['the first line of PEM', '-----BEGIN PRIVATE KEY-----', 'PEM without its END line'],
    [
      'PEM with other characters in it',
      pkcs8.replace('MII', '***'),
      'PEM labelled PRIVATE KEY whose content is not base64',
    ],
    ['PEM with a line missing', pkcs8.replace(/\n.{64}\n.{64}\n/, '\n'), 'PRIVATE KEY that is damaged or cut short'],
    ['PEM without its last line', pkcs8.replace(/\n[^\n]+(?=\n-----END)/, ''), 'damaged or cut short'],
    ['PEM of UTF-16, as PowerShell writes it', Buffer.from(`\ufeff${pkcs8}`, 'utf16le'), 'UTF-16'],
    ['PEM of UTF-16 without a mark', Buffer.from(pkcs8, 'utf16le').swap16(), 'UTF-16'],
    ['a string that is larger than any key', 'A'.repeat(64 * 1024 + 1), '65537 bytes'],
    ['bytes that are more than any key has', Buffer.alloc(64 * 1024 + 1), '65537 bytes'],
    ['a file that is larger than any key', file('large.pem', pkcs8 + '\n'.repeat(64 * 1024)), 'more than any key has'],
    ['an invalid JWK', { kty: 'RSA', n: 'AQAB' }, 'JWK content'],
    ['garbage', 'garbage', 'a string that is neither PEM nor base64 of a key'],
    ['an empty string', '', 'an empty string'],
    ['spaces', ' \n', 'an empty string'],
    ['no bytes', new Uint8Array(), 'no bytes'],
    ['other bytes', Buffer.from('garbage'), 'bytes that are neither PEM nor DER'],
    ['an empty file', file('empty.pem', ''), 'no bytes'],
    ['a missing file', 'file:///no/such/apiclient_key.pem', 'ENOENT'],
    ['a folder', pathToFileURL(folder), 'EISDIR'],
    ['a relative file://', 'file://apiclient_key.pem', 'three slashes'],
    ['a file:// with a broken escape', 'file:///a%zz.pem', 'cannot be read'],
    ['a different URL', new URL('https://example.com/apiclient_key.pem'), 'cannot be read'],
    ['a path', '/etc/wechatpay/apiclient_key.pem', 'Did you mean file:///etc/wechatpay/apiclient_key.pem ?'],
    ['a path with spaces', '/etc/my keys/a.pem', 'Did you mean file:///etc/my%20keys/a.pem ?'],
    ['a relative path', 'apiclient_key.pem', `Did you mean ${pathToFileURL('apiclient_key.pem').href} ?`],
    ['a path without an ending', './key', 'Did you mean file:///absolute/path'],
    ['a path of Windows', 'C:\\keys\\key', 'Did you mean file:///absolute/path'],
  ])('%s', (_, input, message) => {
    expect(() => loadPrivateKey(input, 'privateKey')).toThrow(InvalidArgumentError)
    expect(() => loadPrivateKey(input, 'privateKey')).toThrow(/^`privateKey` /)
    expect(() => loadPrivateKey(input, 'privateKey')).toThrow(message)
  })

  it.each([undefined, null, 7, {}, [], () => pkcs8])('%s', input => {
    // @ts-expect-error: not a form of a key.
    expect(() => loadPrivateKey(input, 'privateKey')).toThrow(InvalidArgumentError)
  })

  it.each([
    ['PKCS#8', encrypted],
    ["OpenSSL's old form", encryptedOld],
  ])('an encrypted key with a wrong passphrase: %s', (_, input) => {
    for (const wrong of ['bad', '']) {
      expect(() => loadPrivateKey(input, 'merchant.key', wrong)).toThrow(InvalidArgumentError)
      expect(() => loadPrivateKey(input, 'merchant.key', wrong)).toThrow(
        /^`merchant\.key` .*encrypted private key.*passphrase/,
      )
    }
  })

  it.each([1234, null, Buffer.from('x'), {}])('an encrypted key with a passphrase that is no string: %o', wrong => {
    // @ts-expect-error: a caller without types.
    const load = () => loadPrivateKey(encrypted, 'merchant.key', wrong)
    expect(load).toThrow(InvalidArgumentError)
    expect(load).toThrow(/^The passphrase of `merchant\.key` must be a string; got/)
  })

  it('no part of a key in any message', () => {
    const inputs = [pkcs8.slice(0, 400), base64Of(pkcs8).slice(0, 400), `private.pkcs8://${base64Of(pkcs8).slice(4)}`]
    for (const input of [...inputs, `/${base64Of(pkcs8).slice(1)}`, `${base64Of(pkcs8)}!`, spki, pkcs1Public]) {
      let message = ''
      try {
        loadPrivateKey(input, 'privateKey')
      } catch (error) {
        message = String(error)
      }
      expect(message).toContain('InvalidArgumentError: `privateKey`')
      expect(message).not.toMatch(/[A-Za-z0-9+/]{40}/)
    }
  })
})

describe('an encrypted key whose passphrase is hashed', () => {
  const encryptedWith = (...args: string[]) =>
    execFileSync('openssl', ['pkcs8', '-topk8', '-passout', `pass:${passphrase}`, '-outform', 'DER', ...args], {
      input: pkcs8,
    })
  /** With a different number in place of the only one that is `from`, hex of DER. */
  function edited(bytes: Buffer, from: string, to: string): Buffer {
    const at = bytes.indexOf(Buffer.from(from, 'hex'))
    expect(at).toBeGreaterThan(0)
    expect(from).toHaveLength(to.length)
    const copy = Buffer.from(bytes)
    copy.write(to, at, 'hex')
    return copy
  }
  const pem = (bytes: Buffer) =>
    `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`

  it.each([
    ['as OpenSSL does it', []],
    ['six hundred thousand times', ['-iter', '600000']],
    ['by scrypt', ['-scrypt']],
    ['by PKCS#5 version 1 and a cipher of PKCS#12', ['-v1', 'PBE-SHA1-3DES']],
  ])('%s is opened', (_, args) => {
    expect(loadPrivateKey(encryptedWith(...args), 'privateKey', passphrase).equals(privateKey)).toBe(true)
  })

  it.each([
    ['by PBKDF2', edited(encryptedWith('-iter', '70001'), '0203011171', '02037fffff')],
    [
      'by a cipher of PKCS#12',
      edited(encryptedWith('-v1', 'PBE-SHA1-3DES', '-iter', '70001'), '0203011171', '02037fffff'),
    ],
    ['by scrypt, in N', edited(encryptedWith('-scrypt'), '02024000020108020101', '02027fff020120020104')],
    ['by scrypt, in p', edited(encryptedWith('-scrypt'), '020108020101', '02010802017f')],
  ])('too often is refused before it is hashed: %s', (_, bytes) => {
    for (const input of [bytes, pem(bytes)]) {
      expect(() => loadPrivateKey(input, 'privateKey', passphrase)).toThrow(InvalidArgumentError)
      expect(() => loadPrivateKey(input, 'privateKey', passphrase)).toThrow(
        /encrypted private key with (?:more|scrypt)/,
      )
    }
  })
})

describe('a public key is refused:', () => {
  it.each<[string, KeyInput, string | RegExp]>([
    ['a private key', pkcs8, /an RSA public key or a certificate; got a private key/],
    ['a private KeyObject', privateKey, 'a private key'],
    ['a private JWK', privateKey.export({ format: 'jwk' }), 'a private key'],
    ['an encrypted private key', encrypted, 'an encrypted private key'],
    ['an EC key', keyFile('ec.pem'), 'a key of type ec'],
    ['a short key', small.publicKey, 'an RSA key of 1024 bits'],
    ['an RSA-PSS key', pss.publicKey, 'a key of type rsa-pss'],
    ['public.spki:// with PKCS#1', `public.spki://${base64Of(pkcs1Public)}`, 'with the content of public.pkcs1'],
    ['a path', '/etc/pub_key.pem', 'Did you mean file:///etc/pub_key.pem ?'],
    ['a certificate that was changed', der(certificate).fill(0xff, 20, 60), 'certificate content'],
  ])('%s', (_, input, message) => {
    expect(() => loadPublicKey(input, 'certs.PUB_KEY_ID_01')).toThrow(InvalidArgumentError)
    expect(() => loadPublicKey(input, 'certs.PUB_KEY_ID_01')).toThrow(/^`certs\.PUB_KEY_ID_01` /)
    expect(() => loadPublicKey(input, 'certs.PUB_KEY_ID_01')).toThrow(message)
  })
})

describe('a certificate is refused:', () => {
  const selfSigned = (...algorithm: string[]) =>
    execFileSync(
      'openssl',
      ['req', '-x509', '-nodes', '-subj', '/CN=test', '-keyout', devNull, '-newkey', ...algorithm],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    )

  it.each<[string, KeyInput, string | RegExp]>([
    ['a private key', pkcs8, /an X\.509 certificate; got a private key/],
    ['a public key', spki, 'a public key'],
    ['a KeyObject', publicKey, 'a public key'],
    ['a PKCS#12 file', pkcs12, 'merchant.pfx'],
    [
      'an EC certificate',
      selfSigned('ec', '-pkeyopt', 'ec_paramgen_curve:P-256'),
      'RSA of at least 2048 bits or SM2; got a key of type ec',
    ],
    ['a certificate of a short key', selfSigned('rsa:1024'), 'an RSA key of 1024 bits'],
  ])('%s', (_, input, message) => {
    expect(() => loadCertificate(input, 'merchant.cert')).toThrow(InvalidArgumentError)
    expect(() => loadCertificate(input, 'merchant.cert')).toThrow(message)
  })
})

describe('where SM2 is possible, a key of it is read from', () => {
  const openssl = (args: string[], input = sm2) => execFileSync('openssl', args, { input })
  const text = (...args: string[]) => openssl(args).toString()
  // Without the key as its input: openssl ends before it has read that, and the pipe breaks.
  const made = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  const key = createPrivateKey(sm2)
  const sm2File = fileURLToPath(file('sm2-certificate.key', sm2))
  const sm2Certificate = made('req', '-x509', '-new', '-key', sm2File, '-subj', '/CN=SM2', '-sm3')

  it.each<[string, KeyInput]>([
    ['PKCS#8', sm2],
    ['PKCS#8 with escaped line ends', escaped(sm2)],
    ['SEC 1', text('ec')],
    ['SEC 1 behind its parameters', made('ecparam', '-name', 'SM2') + text('ec')],
    ['DER', der(sm2)],
    ['private.pkcs8://', `private.pkcs8://${base64Of(sm2)}`],
    ['a file', file('sm2.pem', sm2)],
    ['a KeyObject', key],
    ['encrypted PKCS#8', text('pkcs8', '-topk8', '-passout', 'pass:secret')],
  ])('a private key: %s', (_, input) => {
    const loaded = loadSigningKey(input, 'privateKey', 'secret')
    expect(loaded.equals(key)).toBe(true)
    expect(kindOfKey(loaded)).toBe('SM2')
    expect(() => loadPrivateKey(loaded, 'privateKey')).toThrow('got an SM2 key')
  })

  it('a key that was generated in this process, which is then one of SM2 and no more of ECDSA', () => {
    const generated = generateKeyPairSync('ec', { namedCurve: 'SM2' })
    const loaded = loadSigningKey(generated.privateKey, 'privateKey')
    expect([generated.privateKey.asymmetricKeyType, loaded.asymmetricKeyType]).toEqual(['ec', undefined])
    expect(loadVerificationKey(generated.publicKey, 'certs').key.equals(createPublicKey(loaded))).toBe(true)
  })

  it.each<[string, KeyInput, boolean]>([
    ['SPKI', text('pkey', '-pubout'), false],
    ['public.spki://', `public.spki://${base64Of(text('pkey', '-pubout'))}`, false],
    ['a certificate', sm2Certificate, true],
    ['an X509Certificate', new X509Certificate(sm2Certificate), true],
  ])('a public key: %s', (_, input, hasCertificate) => {
    const loaded = loadVerificationKey(input, 'certs.37')
    expect(loaded.key.equals(createPublicKey(key))).toBe(true)
    expect(kindOfKey(loaded.key)).toBe('SM2')
    expect(loaded.certificate !== undefined).toBe(hasCertificate)
    expect(() => loadPublicKey(input, 'pub_key')).toThrow('got an SM2 key')
  })

  it('a certificate of openssl or of WeChat Pay', () => {
    expect(keyMatchesCertificate(key, loadCertificate(sm2Certificate, 'merchant.cert'))).toBe(true)
    expect(serialOf(loadCertificate(JAVA.certificate, 'merchant.cert'))).toBe(JAVA.serial)
  })

  it('a key of RSA still is one of RSA', () => {
    expect(kindOfKey(loadSigningKey(pkcs8, 'privateKey'))).toBe('RSA')
    expect(kindOfKey(loadVerificationKey(certificate, 'certs.37').key)).toBe('RSA')
  })

  it('a key that is neither is refused, and both are named', () => {
    expect(() => loadSigningKey(ec.privateKey, 'privateKey')).toThrow(/RSA of at least 2048 bits or SM2; got .* ec/)
    expect(() => loadSigningKey(small.privateKey, 'privateKey')).toThrow('an RSA key of 1024 bits')
    expect(() => loadSigningKey(spki, 'privateKey')).toThrow('an RSA or SM2 private key; got a public key')
    expect(() => loadVerificationKey(sm2, 'certs.37')).toThrow('an RSA or SM2 public key or a certificate')
  })

  it('a key that was damaged is refused', () => {
    const damaged = der(sm2)
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
    expect(() => loadSigningKey(damaged, 'privateKey')).toThrow(InvalidArgumentError)
  })
})

describe('loadVerificationKey', () => {
  it('gives the key, and the certificate where there is one', () => {
    expect(loadVerificationKey(spki, 'certs.PUB_KEY_ID_01').certificate).toBeUndefined()
    const { key, certificate: loaded } = loadVerificationKey(certificate, 'certs.37')
    expect(key.equals(publicKey)).toBe(true)
    expect(loaded?.serialNumber).toBe(keyFile('merchant.serial.txt').trim())
  })
})

describe('keyMatchesCertificate', () => {
  it('tells whether the two belong together', () => {
    expect(keyMatchesCertificate(privateKey, new X509Certificate(certificate))).toBe(true)
    expect(keyMatchesCertificate(privateKey, new X509Certificate(keyFile('platform.crt')))).toBe(false)
  })
})
