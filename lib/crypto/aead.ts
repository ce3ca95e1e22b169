/** Authenticated encryption with the APIv3 key, by the names that WeChat Pay gives to its algorithms. */
import * as AesGcm from './aes-gcm.js'
import * as Sm4Gcm from './sm4-gcm.js'

export const AEAD_AES = 'AEAD_AES_256_GCM'
export const AEAD_SM4 = 'AEAD_SM4_GCM'

export type Aead = typeof AEAD_AES | typeof AEAD_SM4

/** How something is encrypted. */
export interface Encryption {
  readonly algorithm: Aead
  readonly nonce: string
  readonly associatedData: string
}

export interface Encrypted extends Encryption {
  /** Base64 of the ciphertext and its tag. */
  readonly ciphertext: string
}

export function isAead(name: unknown): name is Aead {
  return name === AEAD_AES || name === AEAD_SM4
}

/** @throws InvalidArgumentError for a ciphertext that was changed or encrypted with a different key. */
export function decryptAead(
  { algorithm, ciphertext, nonce, associatedData }: Encrypted,
  apiv3Key: string | Uint8Array,
): string {
  return algorithm === AEAD_SM4
    ? Sm4Gcm.decrypt(ciphertext, Sm4Gcm.keyOf(apiv3Key), nonce, associatedData)
    : AesGcm.decrypt(ciphertext, apiv3Key, nonce, associatedData)
}

/** The base64 of the ciphertext and its tag. */
export function encryptAead(
  plaintext: string,
  { algorithm, nonce, associatedData }: Encryption,
  apiv3Key: string | Uint8Array,
): string {
  return algorithm === AEAD_SM4
    ? Sm4Gcm.encrypt(plaintext, Sm4Gcm.keyOf(apiv3Key), nonce, associatedData)
    : AesGcm.encrypt(plaintext, apiv3Key, nonce, associatedData)
}
