import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { sign, verify } from '../../lib/crypto/sm2.js'
import { decodeSm2Ciphertext, encodeSm2Ciphertext } from '../../lib/crypto/sm2-ciphertext.js'
import { loadSm2Curve, type Sm2Curve } from '../../lib/crypto/sm2-curve.js'
import { decrypt, encrypt } from '../../lib/crypto/sm2-encryption.js'
import { asSm2Key, pointOf } from '../../lib/crypto/sm2-key.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { GBT, JAVA } from './sm2-vectors.js'

const bytes = (text: string) => Buffer.from(text)
const gbt = {
  privateKey: createPrivateKey({ key: GBT.privateKey, format: 'der', type: 'pkcs8' }),
  publicKey: createPublicKey({ key: GBT.publicKey, format: 'der', type: 'spki' }),
}
const java = {
  privateKey: createPrivateKey(JAVA.privateKey),
  publicKey: new X509Certificate(JAVA.certificate).publicKey,
}

let curve: Sm2Curve
let folder = ''
const at = (name: string) => join(folder, name)
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'] })
const ID = ['-pkeyopt', 'distid:1234567812345678']

beforeAll(async () => {
  curve = await loadSm2Curve()
  folder = mkdtempSync(join(tmpdir(), 'wechatpay-sm2-'))
  openssl('genpkey', '-algorithm', 'SM2', '-out', at('key.pem'))
  openssl('pkey', '-in', at('key.pem'), '-pubout', '-out', at('pub.pem'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const own = () => ({
  privateKey: createPrivateKey(readFileSync(at('key.pem'))),
  publicKey: createPublicKey(readFileSync(at('pub.pem'))),
})

/** Copies of the bytes with one bit flipped: every bit, or one in so many. */
function* flipped(genuine: Buffer, step = 1): Iterable<Buffer> {
  for (let bit = 0; bit < genuine.length * 8; bit += step) {
    const changed = Buffer.from(genuine)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    yield changed
  }
}

describe('SM2 signatures', () => {
  const signature = Buffer.from(GBT.signature, 'hex')

  it('the signature of GB/T 32918.5 appendix A is verified', () => {
    expect(verify(bytes(GBT.message), signature.toString('base64'), gbt.publicKey)).toBe(true)
    expect(verify(bytes(`${GBT.message}.`), signature.toString('base64'), gbt.publicKey)).toBe(false)
    expect(verify(bytes(GBT.message), signature.toString('base64'), java.publicKey)).toBe(false)
  })

  it('a signature with any bit flipped is refused', () => {
    for (const changed of flipped(signature)) {
      expect(verify(bytes(GBT.message), changed.toString('base64'), gbt.publicKey)).toBe(false)
    }
  })

  const der = (r: string, s: string) => Buffer.from(`30${byteLength(r + s)}${r}${s}`, 'hex').toString('base64')
  const byteLength = (hex: string) => (hex.length / 2).toString(16).padStart(2, '0')
  const R = GBT.signature.slice(4, 74)
  const S = GBT.signature.slice(74)
  const ORDER = '022100fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123'

  it.each([
    ['nothing', ''],
    ['r and s of zero', der('020100', '020100')],
    ['an s of zero', der(R, '020100')],
    ['r and s that are the order of the curve', der(ORDER, ORDER)],
    ['an s that is the order of the curve', der(R, ORDER)],
    ['bytes behind its end', Buffer.concat([signature, Buffer.of(0)]).toString('base64')],
    ['bytes behind r and s', der(R, `${S}0500`)],
    ['an r with a leading zero too many', der(`02220000${R.slice(6)}`, S)],
    ['r and s without DER', Buffer.from(R.slice(6) + S.slice(6), 'hex').toString('base64')],
    ['base64 with superfluous padding', `${signature.toString('base64')}=`],
    ['hex', GBT.signature],
  ])('%s is not a signature', (_what, given) => {
    expect(verify(bytes(GBT.message), given, gbt.publicKey)).toBe(false)
  })

  it('the signature of the official Java SDK is verified', () => {
    expect(verify(bytes(JAVA.message), JAVA.signature, java.publicKey)).toBe(true)
    expect(verify(bytes('false-message'), JAVA.signature, java.publicKey)).toBe(false)
  })

  it.each(['GET\n/v3/certificates\n1554208460\nnonce\n\n', '', '张三\n'])(
    'openssl verifies what is signed here, and signs what is verified here: %j',
    message => {
      const { privateKey, publicKey } = own()
      writeFileSync(at('message'), message)
      writeFileSync(at('signature'), Buffer.from(sign(bytes(message), privateKey), 'base64'))
      const raw = ['-rawin', '-digest', 'sm3', '-in', at('message'), ...ID]
      const said = openssl('pkeyutl', '-verify', '-pubin', '-inkey', at('pub.pem'), '-sigfile', at('signature'), ...raw)
      expect(said.toString()).toContain('Signature Verified Successfully')

      const theirs = openssl('pkeyutl', '-sign', '-inkey', at('key.pem'), ...raw)
      expect(verify(bytes(message), theirs.toString('base64'), publicKey)).toBe(true)
    },
  )

  it('a signature with a different user ID is refused', () => {
    writeFileSync(at('message'), 'message')
    const raw = ['-rawin', '-digest', 'sm3', '-in', at('message'), '-pkeyopt', 'distid:someone else']
    const theirs = openssl('pkeyutl', '-sign', '-inkey', at('key.pem'), ...raw)
    expect(verify(bytes('message'), theirs.toString('base64'), own().publicKey)).toBe(false)
  })
})

describe('SM2 encryption', () => {
  it('the ciphertext of GB/T 32918.5 appendix C is decrypted', () => {
    const ciphertext = Buffer.from(GBT.ciphertext, 'hex').toString('base64')
    expect(decrypt(ciphertext, gbt.privateKey, curve)).toBe(GBT.plaintext)
  })

  it('the ciphertext of GB/T 32918.5 appendix C is what is encrypted with its random number', () => {
    const secretKey = Buffer.from('59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21', 'hex')
    const { point = Buffer.of() } = decodeSm2Ciphertext(Buffer.from(GBT.ciphertext, 'hex')) ?? {}
    const fixed: Sm2Curve = { ...curve, keygen: () => ({ secretKey, publicKey: point }) }
    const ciphertext = encrypt(GBT.plaintext, gbt.publicKey, fixed)
    expect(Buffer.from(ciphertext, 'base64').toString('hex')).toBe(GBT.ciphertext)
  })

  it('a ciphertext with a bit of any byte flipped is refused', () => {
    for (const changed of flipped(Buffer.from(GBT.ciphertext, 'hex'), 7)) {
      expect(() => decrypt(changed.toString('base64'), gbt.privateKey, curve)).toThrow(InvalidArgumentError)
    }
  })

  it('the ciphertext of the official Java SDK is decrypted, and with a digit changed refused', () => {
    expect(decrypt(JAVA.ciphertext, java.privateKey, curve)).toBe(JAVA.plaintext)
    expect(() => decrypt(JAVA.ciphertext.replaceAll('1', '2'), java.privateKey, curve)).toThrow(InvalidArgumentError)
    expect(() => decrypt(JAVA.ciphertext, gbt.privateKey, curve)).toThrow(InvalidArgumentError)
  })

  it.each(['张三', 'a', '6214830000000000000', 'x'.repeat(200)])(
    'openssl decrypts what is encrypted here, and encrypts what is decrypted here: %s',
    plaintext => {
      const { privateKey, publicKey } = own()
      writeFileSync(at('ciphertext'), Buffer.from(encrypt(plaintext, publicKey, curve), 'base64'))
      const decrypted = openssl('pkeyutl', '-decrypt', '-inkey', at('key.pem'), '-in', at('ciphertext'))
      expect(decrypted.toString()).toBe(plaintext)

      writeFileSync(at('plaintext'), plaintext)
      const theirs = openssl('pkeyutl', '-encrypt', '-pubin', '-inkey', at('pub.pem'), '-in', at('plaintext'))
      expect(decrypt(theirs.toString('base64'), privateKey, curve)).toBe(plaintext)
    },
  )

  it('a plaintext is encrypted anew where the key stream is all zeros, which would send it as it is', () => {
    const firstByte = (shared: Buffer) =>
      createHash('sm3')
        .update(shared)
        .update(Buffer.of(0, 0, 0, 1))
        .digest()[0]
    const candidates = Array.from({ length: 4096 }, (_, seed) => Buffer.alloc(64, String(seed)))
    const zero = candidates.find(shared => firstByte(shared) === 0) ?? Buffer.of()
    const other = candidates.find(shared => firstByte(shared) !== 0) ?? Buffer.of()
    const shared = [zero, other]
    let asked = 0
    const scripted: Sm2Curve = { ...curve, sharedPoint: () => shared[asked++] ?? Buffer.of() }
    const { encrypted } = decodeSm2Ciphertext(Buffer.from(encrypt('A', gbt.publicKey, scripted), 'base64')) ?? {}
    expect(asked).toBe(2)
    expect(encrypted).not.toEqual(bytes('A'))
  })

  it('a point that is not on the curve is refused before the private key has touched it', () => {
    const parts = decodeSm2Ciphertext(Buffer.from(GBT.ciphertext, 'hex'))
    if (!parts) throw new Error('The vector is no ciphertext.')
    const point = Buffer.from(parts.point)
    point[64] = (point[64] ?? 0) ^ 1
    const ciphertext = encodeSm2Ciphertext({ ...parts, point }).toString('base64')
    expect(() => curve.sharedPoint(Buffer.alloc(32, 1), point)).toThrow()
    expect(() => decrypt(ciphertext, gbt.privateKey, curve)).toThrow(InvalidArgumentError)
  })

  it.each([
    ['C1C2C3', (x: string, y: string, hash: string, text: string) => x + y + text + hash],
    [
      'an x with a leading zero too many',
      (x: string, y: string, hash: string, text: string) => x.replace('0220', '022100') + y + hash + text,
    ],
    [
      'a negative y',
      (x: string, y: string, hash: string, text: string) => x + y.replace('022100', '0220') + hash + text,
    ],
    ['no encrypted bytes', (x: string, y: string, hash: string) => `${x}${y}${hash}0400`],
    ['a fifth member', (x: string, y: string, hash: string, text: string) => `${x}${y}${hash}${text}0500`],
    [
      'a digest of 31 bytes',
      (x: string, y: string, hash: string, text: string) => `${x}${y}041f${hash.slice(6)}${text}`,
    ],
  ])('%s is not a ciphertext', (_what, change) => {
    const hex = GBT.ciphertext
    const content = change(hex.slice(4, 72), hex.slice(72, 142), hex.slice(142, 210), hex.slice(210))
    const changed = Buffer.from(`30${(content.length / 2).toString(16).padStart(2, '0')}${content}`, 'hex')
    expect(decodeSm2Ciphertext(changed)).toBeUndefined()
  })

  it('coordinates with leading zeros come back from DER as they went', () => {
    for (const digits of ['00', '0000', '007f', '0080', '80', 'ff', '01']) {
      const coordinate = Buffer.from(digits.padEnd(64, '5'), 'hex')
      const point = Buffer.concat([Buffer.of(4), coordinate, Buffer.alloc(32)])
      const parts = { point, digest: Buffer.alloc(32, 1), encrypted: Buffer.of(2) }
      expect(decodeSm2Ciphertext(encodeSm2Ciphertext(parts))).toEqual(parts)
    }
  })

  it.each([
    ['without the package', () => Promise.reject(new Error('ERR_MODULE_NOT_FOUND'))],
    ['with its first version', async () => ({ weierstrass: () => Promise.reject(new Error('hash is missing')) })],
  ])('%s, nothing is encrypted, and the error says what to install', async (_what, load) => {
    vi.resetModules()
    vi.doMock('@noble/curves/abstract/weierstrass.js', load)
    const fresh = await import('../../lib/crypto/sm2-curve.js')
    await expect(fresh.loadSm2Curve()).rejects.toMatchObject({
      code: 'ERR_PACKAGE_MISSING',
      message: expect.stringContaining('npm install @noble/curves@2'),
    })
    vi.doUnmock('@noble/curves/abstract/weierstrass.js')
    await expect(fresh.loadSm2Curve()).resolves.toHaveProperty('keygen')
  })

  it('an empty plaintext and what is not a string are refused', () => {
    expect(() => encrypt('', gbt.publicKey, curve)).toThrow(InvalidArgumentError)
    const binary = encrypt(Buffer.of(0xff), gbt.publicKey, curve)
    expect(() => decrypt(binary, gbt.privateKey, curve)).toThrow(/UTF-8/)
  })
})

describe('SM2 keys', () => {
  const pem = (args: string[]) => {
    openssl(...args, '-out', at('made.pem'))
    return readFileSync(at('made.pem'), 'utf8')
  }

  it.each([
    ['genpkey -algorithm SM2', () => createPrivateKey(pem(['genpkey', '-algorithm', 'SM2']))],
    [
      'genpkey -algorithm EC',
      () => createPrivateKey(pem(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2'])),
    ],
    ['openssl ec, which writes SEC 1', () => createPrivateKey(pem(['ec', '-in', at('key.pem')]))],
    ['generateKeyPairSync', () => generateKeyPairSync('ec', { namedCurve: 'SM2' }).privateKey],
  ])('a key of %s signs with SM2, not with ECDSA', (_how, make) => {
    const key = asSm2Key(make())
    if (!key) throw new Error('It is not recognised.')
    const publicKey = createPublicKey(key)
    writeFileSync(at('made-pub.pem'), publicKey.export({ format: 'pem', type: 'spki' }))
    writeFileSync(at('message'), 'message')
    writeFileSync(at('signature'), Buffer.from(sign(bytes('message'), key), 'base64'))
    const raw = ['-rawin', '-digest', 'sm3', '-in', at('message'), ...ID]
    const verified = ['-verify', '-pubin', '-inkey', at('made-pub.pem'), '-sigfile', at('signature')]
    expect(openssl('pkeyutl', ...verified, ...raw).toString()).toContain('Verified Successfully')
    expect(asSm2Key(publicKey)).toBe(publicKey)
  })

  it('a public key with a compressed point gives the same point', () => {
    openssl('ec', '-pubin', '-in', at('pub.pem'), '-conv_form', 'compressed', '-out', at('compressed.pem'))
    const compressed = createPublicKey(readFileSync(at('compressed.pem')))
    expect(asSm2Key(compressed)).toBeDefined()
    expect(pointOf(compressed)).toEqual(pointOf(own().publicKey))
    expect(pointOf(compressed)).toHaveLength(65)
  })

  it.each<[string, () => KeyObject]>([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
    ['P-256, its public key', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
    ['Ed25519', () => generateKeyPairSync('ed25519').publicKey],
  ])('a key of %s is not one', (_kind, make) => {
    expect(asSm2Key(make())).toBeUndefined()
  })
})
