/** Authenticated encryption with the APIv3 key, by the names that WeChat Pay gives to its algorithms. */
import { KeyObject } from 'node:crypto'
import * as AesGcm from './aes-gcm.js'

export const AEAD_AES = 'AEAD_AES_256_GCM'
export const AEAD_SM4 = 'AEAD_SM4_GCM'

export interface Encrypted {
  readonly algorithm: typeof AEAD_AES | typeof AEAD_SM4
  /** Base64 of the ciphertext and its tag. */
  readonly ciphertext: string
  readonly nonce: string
  readonly associatedData: string
}

export function isAead(name: unknown): name is Encrypted['algorithm'] {
  return name === AEAD_AES || name === AEAD_SM4
}

/** @throws InvalidArgumentError (as a rejection) for a ciphertext that was changed or encrypted with a different key. */
export async function decryptAead(
  { algorithm, ciphertext, nonce, associatedData }: Encrypted,
  apiv3Key: Uint8Array | KeyObject,
): Promise<string> {
  if (algorithm === AEAD_AES) return AesGcm.decrypt(ciphertext, apiv3Key, nonce, associatedData)
  const { Sm4Gcm } = await import('./sm.js')
  return Sm4Gcm.decrypt(
    ciphertext,
    Sm4Gcm.keyOf(apiv3Key instanceof KeyObject ? apiv3Key.export() : apiv3Key),
    nonce,
    associatedData,
  )
}
