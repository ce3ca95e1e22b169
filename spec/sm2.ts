/** WeChat Pay's side of SM2, for specs: openssl makes the keys, signs, verifies and encrypts; GCM is computed as it is defined. */
import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { createCipheriv, createHash, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'

const folder = mkdtempSync(join(inject('temporary'), 'sm2-'))

export function openssl(...args: string[]): Buffer {
  return execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
}

/** Writes a file that openssl finds by its name. */
function write(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content)
  return name
}

export function read(name: string): Buffer {
  return readFileSync(join(folder, name))
}

export const SM2_TYPE = 'WECHATPAY2-SM2-WITH-SM3'
export const RSA_TYPE = 'WECHATPAY2-SHA256-RSA2048'
/** 32 bytes. */
export const apiv3Key = 'the-api-v3-key-of-this-merchant!'
const USER_ID = ['-pkeyopt', 'distid:1234567812345678']

export interface Sm2Party {
  name: string
  serial: string
  privateKey: string
  publicKey: string
  certificate: string
}

/** A key, its certificate and the certificate's serial. */
export function createParty(name: string): Sm2Party {
  openssl('genpkey', '-algorithm', 'SM2', '-out', `${name}.key`)
  openssl('pkey', '-in', `${name}.key`, '-pubout', '-out', `${name}.pub`)
  const signed = ['-sm3', '-sigopt', 'distid:1234567812345678', '-days', '1000']
  openssl('req', '-x509', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, ...signed, '-out', `${name}.crt`)
  const [privateKey, publicKey, certificate] = ['key', 'pub', 'crt'].map(type => read(`${name}.${type}`).toString())
  if (!privateKey || !publicKey || !certificate) throw new Error('openssl has written nothing.')
  return { name, serial: new X509Certificate(certificate).serialNumber, privateKey, publicKey, certificate }
}

/** The base64 signature that openssl makes. */
export function sign(message: string, { name }: Sm2Party): string {
  const raw = ['-rawin', '-digest', 'sm3', '-in', write('message', message), ...USER_ID]
  return openssl('pkeyutl', '-sign', '-inkey', `${name}.key`, ...raw).toString('base64')
}

/** Whether openssl takes a base64 signature for that party's. */
export function isSignedBy({ name }: Sm2Party, message: string, signature: string): boolean {
  const raw = ['-rawin', '-digest', 'sm3', '-in', write('message', message), ...USER_ID]
  const signed = ['-sigfile', write('signature', Buffer.from(signature, 'base64'))]
  try {
    return openssl('pkeyutl', '-verify', '-pubin', '-inkey', `${name}.pub`, ...raw, ...signed)
      .toString()
      .includes('Signature Verified Successfully')
  } catch {
    return false
  }
}

/** The base64 of what openssl encrypts for that party. */
export function encryptFor({ name }: Sm2Party, plaintext: string): string {
  const args = ['-pubin', '-inkey', `${name}.pub`, '-in', write('plaintext', plaintext)]
  return openssl('pkeyutl', '-encrypt', ...args).toString('base64')
}

/** What openssl decrypts with that party's key. */
export function decryptBy({ name }: Sm2Party, ciphertext: unknown): string {
  const input = write('ciphertext', Buffer.from(String(ciphertext), 'base64'))
  return openssl('pkeyutl', '-decrypt', '-inkey', `${name}.key`, '-in', input).toString()
}

const signed = new Map<string, Record<string, string>>()

/** The headers of a response or a notification that is signed with SM2; the same ones for the same body, as openssl is slow. */
export function signatureHeaders(body: string, party: Sm2Party): Record<string, string> {
  const key = `${party.name}:${body}`
  const headers = signed.get(key) ?? signBody(body, party)
  signed.set(key, headers)
  return headers
}

function signBody(body: string, party: Sm2Party): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const nonce = randomBytes(16).toString('hex')
  return {
    'wechatpay-timestamp': timestamp,
    'wechatpay-nonce': nonce,
    'wechatpay-serial': party.serial,
    'wechatpay-signature': sign(`${timestamp}\n${nonce}\n${body}\n`, party),
    'wechatpay-signature-type': SM2_TYPE,
  }
}

/** AEAD_SM4_GCM with the APIv3 key. */
export function seal(plaintext: string, associatedData: string, key = apiv3Key) {
  const nonce = randomBytes(6).toString('hex')
  const sm4Key = createHash('sm3').update(key).digest().subarray(0, 16)
  const ciphertext = sm4Gcm(Buffer.from(plaintext), sm4Key, Buffer.from(nonce), Buffer.from(associatedData))
  return {
    algorithm: 'AEAD_SM4_GCM',
    nonce,
    associated_data: associatedData,
    ciphertext: ciphertext.toString('base64'),
  }
}

/** The ciphertext and its tag, by the definitions of NIST SP 800-38D, slowly. */
export function sm4Gcm(plaintext: Buffer, key: Buffer, iv: Buffer, aad: Buffer): Buffer {
  const encryptBlock = (block: bigint) =>
    number(createCipheriv('sm4-ecb', key, null).setAutoPadding(false).update(block128(block)))
  const hashKey = encryptBlock(0n)
  const first = iv.length === 12 ? (number(iv) << 32n) | 1n : ghash(hashKey, [iv], [0, iv.length])
  const counter = (index: number) => (first & ~0xffffffffn) | ((first + BigInt(index)) & 0xffffffffn)
  const stream = Buffer.concat(
    Array.from({ length: Math.ceil(plaintext.length / 16) }, (_, index) => block128(encryptBlock(counter(index + 1)))),
  )
  const ciphertext = Buffer.from(plaintext.map((byte, index) => byte ^ (stream[index] ?? 0)))
  const tag = ghash(hashKey, [aad, ciphertext], [aad.length, ciphertext.length]) ^ encryptBlock(first)
  return Buffer.concat([ciphertext, block128(tag)])
}

function ghash(hashKey: bigint, parts: Buffer[], [first = 0, second = 0]: number[]): bigint {
  const lengths = (BigInt(first * 8) << 64n) | BigInt(second * 8)
  const blocks = parts.flatMap(part =>
    Array.from({ length: Math.ceil(part.length / 16) }, (_, index) =>
      number(Buffer.concat([part.subarray(index * 16, index * 16 + 16), Buffer.alloc(16)]).subarray(0, 16)),
    ),
  )
  return [...blocks, lengths].reduce((state, block) => multiply(state ^ block, hashKey), 0n)
}

function multiply(x: bigint, y: bigint): bigint {
  let product = 0n
  let shifted = y
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= shifted
    shifted = shifted & 1n ? (shifted >> 1n) ^ (0xe1n << 120n) : shifted >> 1n
  }
  return product
}

function number(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex') || '0'}`)
}

function block128(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(32, '0'), 'hex')
}
