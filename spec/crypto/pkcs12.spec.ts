import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import forge from 'node-forge'
import { afterAll, describe, expect, it } from 'vitest'
import { loadPkcs12 } from '../../lib/crypto/pkcs12.js'
import { InvalidArgumentError } from '../../lib/errors.js'

const MCHID = '1900000109'
const SERIAL = '0775B6A45ACD588826D15E583A95F5DD00000001'

const folder = mkdtempSync(join(tmpdir(), 'pkcs12-'))
afterAll(() => rmSync(folder, { recursive: true }))

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
}

// An authority, a merchant certificate that it issued, and a key that belongs to nothing.
openssl(
  'req',
  '-x509',
  '-newkey',
  'rsa:2048',
  '-nodes',
  '-keyout',
  'ca.key',
  '-out',
  'ca.pem',
  '-subj',
  '/CN=Authority',
)
openssl(
  'req',
  '-newkey',
  'rsa:2048',
  '-nodes',
  '-keyout',
  'merchant.key',
  '-out',
  'merchant.csr',
  '-subj',
  `/CN=${MCHID}`,
)
openssl(
  'x509',
  '-req',
  '-in',
  'merchant.csr',
  '-CA',
  'ca.pem',
  '-CAkey',
  'ca.key',
  '-set_serial',
  `0x${SERIAL}`,
  '-out',
  'merchant.pem',
)

const read = (name: string) => readFileSync(join(folder, name))
const merchantCertificate = new X509Certificate(read('merchant.pem'))
const merchantKey = createPrivateKey(read('merchant.key'))

/** A container that openssl writes: the merchant's certificate and key, and the authority's certificate. */
function exported(...args: string[]): Buffer {
  return exportedAs(MCHID, '-inkey', 'merchant.key', '-in', 'merchant.pem', '-certfile', 'ca.pem', ...args)
}

function exportedAs(passphrase: string, ...args: string[]): Buffer {
  openssl('pkcs12', '-export', '-passout', `pass:${passphrase}`, '-out', 'container.p12', ...args)
  return read('container.p12')
}

/** A container that openssl would not write: the merchant's key with any certificates, in the order given. */
function written(...certificates: string[]): Buffer {
  const key = forge.pki.privateKeyFromPem(read('merchant.key').toString())
  const chain = certificates.map(name => forge.pki.certificateFromPem(read(name).toString()))
  const container = forge.pkcs12.toPkcs12Asn1(key, chain, MCHID, { algorithm: '3des' })
  return Buffer.from(forge.asn1.toDer(container).getBytes(), 'latin1')
}

function member(node: forge.asn1.Asn1, index: number): forge.asn1.Asn1 {
  const found = typeof node.value === 'string' ? undefined : node.value[index]
  return found ?? expect.fail(`it has no member ${index}`)
}

/** A container without a MAC whose encrypted content is one encrypted key, hashed that often. */
function hidden(iterations: number): Buffer {
  const { asn1, pki, pkcs5, random } = forge
  const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class
  const { SEQUENCE, OCTETSTRING, INTEGER, OID } = asn1.Type
  const node = (type: number, value: string | forge.asn1.Asn1[], tagClass = UNIVERSAL) =>
    asn1.create(tagClass, type, Array.isArray(value), value)
  const oid = (name: string) => node(OID, asn1.oidToDer(name).getBytes())
  const integer = (value: number) => node(INTEGER, asn1.integerToDer(value).getBytes())
  const salt = random.getBytesSync(8)
  const iv = random.getBytesSync(16)
  const algorithm = (count: number) =>
    node(SEQUENCE, [
      oid(pki.oids.pkcs5PBES2 ?? ''),
      node(SEQUENCE, [
        node(SEQUENCE, [oid(pki.oids.pkcs5PBKDF2 ?? ''), node(SEQUENCE, [node(OCTETSTRING, salt), integer(count)])]),
        node(SEQUENCE, [oid(pki.oids['aes256-CBC'] ?? ''), node(OCTETSTRING, iv)]),
      ]),
    ])
  const encrypt = (plaintext: string) => {
    const cipher = forge.cipher.createCipher('AES-CBC', pkcs5.pbkdf2(MCHID, salt, 1, 32))
    cipher.start({ iv })
    cipher.update(forge.util.createBuffer(plaintext))
    cipher.finish()
    return cipher.output.getBytes()
  }
  const key = node(SEQUENCE, [algorithm(iterations), node(OCTETSTRING, 'x'.repeat(32))])
  const bag = node(SEQUENCE, [oid(pki.oids.pkcs8ShroudedKeyBag ?? ''), node(0, [key], CONTEXT_SPECIFIC)])
  const content = node(SEQUENCE, [
    oid(pki.oids.data ?? ''),
    algorithm(1),
    node(0, encrypt(asn1.toDer(node(SEQUENCE, [bag])).getBytes()), CONTEXT_SPECIFIC),
  ])
  const part = node(SEQUENCE, [
    oid(pki.oids.encryptedData ?? ''),
    node(0, [node(SEQUENCE, [integer(0), content])], CONTEXT_SPECIFIC),
  ])
  const safe = node(OCTETSTRING, asn1.toDer(node(SEQUENCE, [part])).getBytes())
  const container = node(SEQUENCE, [
    integer(3),
    node(SEQUENCE, [oid(pki.oids.data ?? ''), node(0, [safe], CONTEXT_SPECIFIC)]),
  ])
  return Buffer.from(asn1.toDer(container).getBytes(), 'latin1')
}

const SELF = ['-keyout', 'self.key', '-out', 'self.pem', '-subj', '/CN=self']

describe('a PKCS#12 file', () => {
  it.each([
    ['RC2-40 with 3DES, as WeChat Pay issues it', ['-legacy']],
    ['RC2-40 throughout', ['-legacy', '-keypbe', 'PBE-SHA1-RC2-40']],
    ['3DES', ['-legacy', '-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES']],
    ['AES-256 with a SHA-256 MAC, as OpenSSL 3 writes it', []],
    ['AES-128 with SHA-512', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC', '-macalg', 'sha512']],
    ['AES without a MAC', ['-nomac']],
    ['no encryption', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
  ])('is decrypted: %s', (_, args) => {
    const { certificate, key } = loadPkcs12(exported(...args), MCHID, 'merchant.pfx')
    expect(certificate.raw).toEqual(merchantCertificate.raw)
    expect(certificate.serialNumber).toBe(SERIAL)
    expect(key.equals(merchantKey)).toBe(true)
  })

  it.each([
    ['RC2-40 and 3DES', ['-legacy']],
    ['AES', []],
    ['no encryption', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
  ])('gives an SM2 key and its certificate: %s', (_, args) => {
    openssl('genpkey', '-algorithm', 'SM2', '-out', 'sm2.key')
    openssl('req', '-x509', '-key', 'sm2.key', '-out', 'sm2.pem', '-subj', '/CN=sm2', '-sm3')
    const container = exportedAs(MCHID, '-inkey', 'sm2.key', '-in', 'sm2.pem', '-certfile', 'ca.pem', ...args)
    const { certificate, key } = loadPkcs12(container, MCHID, 'merchant.pfx')
    expect(certificate.raw).toEqual(new X509Certificate(read('sm2.pem')).raw)
    expect(key.equals(createPrivateKey(read('sm2.key')))).toBe(true)
  })

  it('is read from a file URL, as a string or URL, and from base64, wrapped or not', () => {
    const bytes = exported('-legacy')
    const url = pathToFileURL(join(folder, 'container.p12'))
    const base64 = bytes.toString('base64')
    for (const input of [url, url.href, base64, base64.replace(/.{64}/g, '$&\n'), new Uint8Array(bytes)]) {
      expect(loadPkcs12(input, MCHID, 'merchant.pfx').key.equals(merchantKey)).toBe(true)
    }
  })

  it('is decrypted with a passphrase beyond ASCII if the container is an old one', () => {
    const bytes = exportedAs('密码', '-inkey', 'merchant.key', '-in', 'merchant.pem', '-legacy')
    expect(loadPkcs12(bytes, '密码', 'merchant.pfx').key.equals(merchantKey)).toBe(true)
  })

  it('returns the certificate of the key, even if the authority comes first', () => {
    const bytes = written('ca.pem', 'merchant.pem')
    expect(loadPkcs12(bytes, MCHID, 'merchant.pfx').certificate.raw).toEqual(merchantCertificate.raw)
  })

  it('is accepted by a TLS server that requires a certificate', async () => {
    const { certificate, key } = loadPkcs12(exported('-legacy'), MCHID, 'merchant.pfx')
    const server = createServer({
      cert: read('ca.pem'),
      key: read('ca.key'),
      ca: read('ca.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    })
    const accepted = new Promise<TLSSocket>(resolve => server.once('secureConnection', resolve))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const client = connect({
      port: typeof address === 'object' ? (address?.port ?? 0) : 0,
      ca: read('ca.pem'),
      checkServerIdentity: () => undefined,
      cert: certificate.toString(),
      key: key.export({ type: 'pkcs8', format: 'pem' }),
    })
    const socket = await accepted
    expect(socket.getPeerCertificate().serialNumber).toBe(SERIAL)
    client.destroy()
    socket.destroy()
    server.close()
  })
})

/** The message that an input is refused with. */
function refusal(input: unknown, passphrase: unknown = MCHID): string {
  try {
    // @ts-expect-error: a caller without types.
    loadPkcs12(input, passphrase, 'merchant.pfx')
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(inspect(error, { depth: 9 })).not.toContain('PRIVATE')
    return String(error)
  }
  throw new Error('It was not refused.')
}

describe('refused, with the reason:', () => {
  it.each([
    ['an old container', ['-legacy']],
    ['a modern container', []],
    ['an old container without a MAC', ['-legacy', '-nomac']],
    ['a modern container without a MAC', ['-nomac']],
  ])('a wrong passphrase for %s', (_, args) => {
    const bytes = exported(...args)
    for (const wrong of ['1900000108', '', '密码']) {
      const message = refusal(bytes, wrong)
      expect(message).toMatch(/passphrase of `merchant\.pfx` is wrong.*mchid/)
      if (wrong) expect(message).not.toContain(wrong)
    }
  })

  it('a passphrase that is a number', () => {
    expect(refusal(exported(), 1900000109)).toMatch(/passphrase of `merchant\.pfx` .*got a number/)
  })

  it('PEM, as bytes and as a string', () => {
    for (const pem of [read('merchant.pem'), read('merchant.key').toString()]) {
      expect(refusal(pem)).toMatch(/`merchant\.pfx` .*got PEM\..*merchant\.cert.*merchant\.key/)
    }
  })

  it('DER of a certificate or a key', () => {
    expect(refusal(merchantCertificate.raw)).toContain('(certificate)')
    expect(refusal(merchantKey.export({ type: 'pkcs8', format: 'der' }))).toContain('(private.pkcs8)')
  })

  it.each([
    ['no bytes', Buffer.alloc(0), /got 0 bytes/],
    ['other bytes', Buffer.from('PK\u0003\u0004 not a container'), /got 20 bytes/],
    ['base64 of something else', 'AAAA', /got 3 bytes/],
    ['an empty string', '', /got a string that is neither/],
    ['a path', '/etc/ssl/apiclient_cert.p12', /neither a file:\/\/ URL nor base64.*absolute path/],
    ['a file that is not there', 'file:///not/there/apiclient_cert.p12', /cannot be read .*ENOENT/],
    ['a URL with two slashes', 'file://apiclient_cert.p12', /cannot be read/],
    ['nothing', undefined, /got undefined/],
  ])('%s', (_, input, message) => {
    expect(refusal(input)).toMatch(message)
  })

  it('a container that was cut off', () => {
    const bytes = exported()
    expect(refusal(bytes.subarray(0, bytes.length - 1))).toMatch(/got \d+ bytes/)
  })

  it('an algorithm that cannot be read, with the way out', () => {
    for (const args of [
      ['-legacy', '-keypbe', 'PBE-SHA1-RC4-128'],
      ['-macalg', 'sha3-256'],
    ]) {
      expect(refusal(exported(...args))).toMatch(/got an algorithm .*`openssl pkcs12 -legacy/)
    }
  })

  describe('a file whose passphrase is hashed too often, before it is hashed:', () => {
    it.each([
      ['a few thousand times, as OpenSSL and Java write it', '10000'],
      ['ten times, as old tools do', '10'],
    ])('%s, is not', (_, count) => {
      expect(loadPkcs12(exported('-iter', count), MCHID, 'merchant.pfx').key.equals(merchantKey)).toBe(true)
    })

    /** A container whose numbers of iterations are others than it was made with: `from` in `to`, hex of DER. */
    const edited = (bytes: Buffer, from: string, to: string): Buffer => {
      const container = forge.asn1.fromDer(bytes.toString('latin1'))
      const swap = (node: forge.asn1.Asn1): void => {
        if (typeof node.value !== 'string') {
          for (const member of node.value) swap(member)
          return
        }
        const isNumber = node.type === forge.asn1.Type.INTEGER && forge.util.bytesToHex(node.value) === from
        if (isNumber) node.value = forge.util.hexToBytes(to)
        if (node.type !== forge.asn1.Type.OCTETSTRING) return
        try {
          const inner = forge.asn1.fromDer(node.value)
          swap(inner)
          node.value = forge.asn1.toDer(inner).getBytes()
        } catch {
          // It wraps nothing.
        }
      }
      swap(container)
      return Buffer.from(forge.asn1.toDer(container).getBytes(), 'latin1')
    }

    it.each([
      ['old', ['-legacy']],
      ['modern', []],
      ['without a MAC', ['-nomac']],
      ['with an encrypted key only', ['-certpbe', 'NONE']],
      ['with encrypted certificates only', ['-keypbe', 'NONE']],
      ['with a MAC only', ['-certpbe', 'NONE', '-keypbe', 'NONE']],
    ])('%s', (_, args) => {
      const bytes = exported('-iter', '2049', ...args)
      for (const count of ['7fffffff', '0186a0', '00ffffffffffffffff', 'ff'.repeat(300)]) {
        expect(refusal(edited(bytes, '0801', count))).toMatch(/hashed too often.*openssl pkcs12/)
      }
    })

    it('many parts that are each within the limit', () => {
      const container = forge.asn1.fromDer(exported('-iter', '9999').toString('latin1'))
      const wrapped = member(member(member(container, 1), 1), 0)
      const parts = forge.asn1.fromDer(String(wrapped.value))
      parts.value = Array.from({ length: 9 }, () => parts.value as forge.asn1.Asn1[]).flat()
      wrapped.value = forge.asn1.toDer(parts).getBytes()
      expect(refusal(Buffer.from(forge.asn1.toDer(container).getBytes(), 'latin1'))).toContain('hashed too often')
    })

    it('a key that hides inside of encrypted content', () => {
      expect(refusal(hidden(2_000_000_000))).toContain('hashed too often')
    })
  })

  it('a file that is larger than any key', () => {
    expect(refusal(Buffer.alloc(64 * 1024 + 1))).toMatch(/got 65537 bytes/)
  })

  it('a passphrase beyond ASCII for a modern container', () => {
    const bytes = exportedAs('密码', '-inkey', 'merchant.key', '-in', 'merchant.pem')
    expect(refusal(bytes, '密码')).toContain('whose passphrase is not ASCII')
  })

  it('a container without a key, without a certificate, or with those of different pairs', () => {
    const withoutKey = exportedAs(MCHID, '-nokeys', '-in', 'merchant.pem')
    expect(refusal(withoutKey)).toContain('a file without an RSA or SM2 private key')
    const withoutCertificate = exportedAs(MCHID, '-nocerts', '-inkey', 'merchant.key')
    for (const bytes of [withoutCertificate, written('ca.pem')]) {
      expect(refusal(bytes)).toContain('a file without a certificate that belongs to its private key')
    }
  })

  it('an elliptic-curve key, and an RSA key of 1024 bits', () => {
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...SELF)
    expect(refusal(exportedAs(MCHID, '-inkey', 'self.key', '-in', 'self.pem'))).toContain(
      'without an RSA or SM2 private key',
    )
    openssl('req', '-x509', '-newkey', 'rsa:1024', '-nodes', ...SELF)
    expect(refusal(exportedAs(MCHID, '-inkey', 'self.key', '-in', 'self.pem'))).toContain('an RSA key of 1024 bits')
  })
})
