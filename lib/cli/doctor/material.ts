/** Finds out what a key file contains, because six kinds of files look alike. */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type Material =
  | { readonly kind: 'private-key'; readonly key: KeyObject }
  | { readonly kind: 'public-key'; readonly key: KeyObject }
  | { readonly kind: 'merchant-certificate' | 'platform-certificate'; readonly certificate: X509Certificate }
  | {
      readonly kind:
        | 'encrypted-key'
        | 'pkcs12'
        | 'certificate-request'
        | 'damaged'
        | 'unknown'
        | 'nothing'
        /** A form that only the library reads, such as a JWK. */
        | 'other'
    }
  | { readonly kind: 'missing-file'; readonly path: string }

export type MaterialKind = Material['kind']

/** Never throws. */
export function identify(value: unknown): Material {
  if (value === undefined || value === null || value === '') return { kind: 'nothing' }
  if (typeof value !== 'string') return { kind: 'other' }
  if (/^file:/i.test(value)) return fromFile(value)
  const text = value.replaceAll('\\n', '\n')
  if (text.includes('-----BEGIN ')) return fromPem(text)
  const [, base64 = text] = /^(?:private|public)\.\w+:\/\/(.*)$/s.exec(text) ?? []
  return fromDer(Buffer.from(base64, 'base64'))
}

function fromFile(url: string): Material {
  let content: Buffer
  let path = url
  try {
    path = fileURLToPath(url)
    content = readFileSync(path)
  } catch {
    return { kind: 'missing-file', path }
  }
  if (content.length === 0) return { kind: 'nothing' }
  const text = content.toString('latin1')
  if (text.includes('-----BEGIN ')) return fromPem(text)
  const found = fromDer(content)
  return found.kind === 'unknown' ? fromDer(Buffer.from(text, 'base64')) : found
}

function fromPem(text: string): Material {
  const [, label = ''] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text) ?? []
  if (label === 'ENCRYPTED PRIVATE KEY' || /Proc-Type: 4,ENCRYPTED/.test(text)) return { kind: 'encrypted-key' }
  if (label.endsWith('REQUEST')) return { kind: 'certificate-request' }
  const read = label.endsWith('PRIVATE KEY') ? privateKey : label.endsWith('PUBLIC KEY') ? publicKey : certificate
  return attempt(() => read(text)) ?? { kind: 'damaged' }
}

function fromDer(der: Buffer): Material {
  const found =
    attempt(() => certificate(der)) ??
    attempt(() => ({ kind: 'private-key', key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) })) ??
    attempt(() => ({ kind: 'private-key', key: createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }) })) ??
    attempt(() => ({ kind: 'public-key', key: createPublicKey({ key: der, format: 'der', type: 'spki' }) })) ??
    attempt(() => ({ kind: 'public-key', key: createPublicKey({ key: der, format: 'der', type: 'pkcs1' }) }))
  if (found) return found
  return { kind: der.includes(PKCS7_DATA) ? 'pkcs12' : 'unknown' }
}

/** The object identifier that the content of every PKCS#12 file begins with. */
const PKCS7_DATA = Buffer.from('2a864886f70d0107', 'hex')

function attempt(read: () => Material): Material | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function privateKey(pem: string): Material {
  return { kind: 'private-key', key: createPrivateKey(pem) }
}

function publicKey(pem: string): Material {
  return { kind: 'public-key', key: createPublicKey(pem) }
}

function certificate(source: string | Buffer): Material {
  const found = new X509Certificate(source)
  return { kind: isPlatform(found) ? 'platform-certificate' : 'merchant-certificate', certificate: found }
}

/** Certificates of WeChat Pay are issued to Tenpay.com, those of a merchant to its mchid. */
function isPlatform(found: X509Certificate): boolean {
  return /^Tenpay\.com/i.test(commonName(found))
}

/** The mchid of a merchant API certificate. */
export function commonName({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? ''
}

/** Upper-case hex, as in requests. */
export function serialOf({ serialNumber }: X509Certificate): string {
  return serialNumber.toUpperCase()
}

/** Ignores the case and leading zeros of a serial. */
export function normalized(serial: string): string {
  return serial.toUpperCase().replace(/^0+(?=.)/, '')
}
