/** WeChat Pay's side of certificates, for specs: mints them, seals lists of them, and signs; with node:crypto and forge alone. */
import { createCipheriv, createPrivateKey, createPublicKey, createSign, randomBytes } from 'node:crypto'
import forge from 'node-forge'
import { keyFile } from '../fixtures/vectors.js'

export const DAY = 24 * 60 * 60 * 1000

/** 32 bytes. */
export const apiv3Key = 'the-api-v3-key-of-this-merchant!'

export interface PlatformCertificate {
  serial: string
  certificate: string
  privateKey: string
  /** Milliseconds since 1970. */
  validFrom: number
  validTo: number
}

/** One of two key pairs, so that certificates can differ without making new keys. */
type KeyPair = 'platform' | 'lowserial'

export function mintCertificate(keyPair: KeyPair, validFrom: number, validTo: number): PlatformCertificate {
  const privateKey = keyFile(`${keyPair}.pkcs8.key`)
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(keyFile(`${keyPair}.spki.pem`))
  certificate.serialNumber = `5${randomBytes(20).toString('hex').slice(1)}`
  certificate.validity.notBefore = new Date(validFrom)
  certificate.validity.notAfter = new Date(validTo)
  const name = [{ shortName: 'CN', value: 'Tenpay.com sign' }]
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create())
  const serial = certificate.serialNumber.toUpperCase()
  return { serial, certificate: forge.pki.certificateToPem(certificate), privateKey, validFrom, validTo }
}

/** The body of an answer to `GET /v3/certificates`. */
export function sealList(certificates: readonly PlatformCertificate[], key = apiv3Key): string {
  return JSON.stringify({
    data: certificates.map(({ serial, certificate, validFrom, validTo }) => ({
      serial_no: serial,
      effective_time: new Date(validFrom).toISOString(),
      expire_time: new Date(validTo).toISOString(),
      encrypt_certificate: { algorithm: 'AEAD_AES_256_GCM', ...seal(certificate, key) },
    })),
  })
}

function seal(text: string, key: string) {
  const nonce = randomBytes(6).toString('hex')
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from('certificate'))
  const sealed = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  return { nonce, associated_data: 'certificate', ciphertext: sealed.toString('base64') }
}

/** What WeChat Pay signs for a body, and its base64 signature. */
export function signBody(body: string, privateKey: string, timestamp = 1_700_000_000) {
  const message = Buffer.from(`${timestamp}\nnonce\n${body}\n`)
  return { message, signature: createSign('sha256').update(message).sign(createPrivateKey(privateKey), 'base64') }
}

/** The id and the PEM of a WeChat Pay public key. */
export function publicKeyOf({ privateKey }: PlatformCertificate) {
  const pem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  return { id: 'PUB_KEY_ID_0114232134912410000000000000', pem }
}
