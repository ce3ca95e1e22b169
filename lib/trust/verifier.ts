/** Who signs for the merchant, and who vouches for WeChat Pay: the two doors behind which keys live. */
import type { KeyObject } from 'node:crypto'

/** Signs for the merchant: with the private key in this process, or over a KMS or HSM that never hands it out. */
export interface Signer {
  /** The serial of the merchant API certificate, upper-case hex. */
  readonly serial: string
  /** The base64 of the RSA PKCS#1 v1.5 SHA-256 signature of the message. */
  sign(message: Uint8Array): string | Promise<string>
  /**
   * The text of a field that WeChat Pay encrypted for the merchant: base64 of RSA-OAEP with SHA-1, and from some overseas
   * endpoints perhaps of PKCS#1 v1.5. Without it such fields are handed out as they came.
   */
  decrypt?(ciphertext: string): string | Promise<string>
}

/** A key of WeChat Pay to encrypt with, and the serial that tells WeChat Pay which one it was. */
export interface EncryptionKey {
  readonly serial: string
  readonly key: KeyObject
}

/** Tells whether WeChat Pay signed a message. */
export interface Verifier {
  /** The serial to announce as `Wechatpay-Serial`, so that WeChat Pay answers with that key; undefined announces none. */
  announcedSerial(): string | undefined | Promise<string | undefined>
  /** Whether the base64 signature is WeChat Pay's by the key of that serial; undefined when no such key is known. */
  verify(message: Uint8Array, signature: string, serial: string): boolean | undefined | Promise<boolean | undefined>
  /**
   * The key of that serial, or else the one to announce; undefined when there is none. Without it no field can be
   * encrypted.
   */
  encryptionKey?(serial?: string): EncryptionKey | undefined | Promise<EncryptionKey | undefined>
}
