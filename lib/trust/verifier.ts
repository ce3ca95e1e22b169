/** Signing for the merchant, and verifying WeChat Pay: the two interfaces behind which keys live. */
import type { KeyObject } from 'node:crypto'

/** Signs for the merchant: with the private key in this process, or with a KMS or an HSM that keeps it. */
export interface Signer {
  /** The serial of the merchant API certificate, upper-case hex. */
  readonly serial: string
  /** The base64 of the RSA PKCS#1 v1.5 SHA-256 signature of the message. */
  sign(message: Uint8Array): string | Promise<string>
  /**
   * Decrypts a field that WeChat Pay encrypted for the merchant. The ciphertext is base64 of RSA-OAEP with SHA-1, or of
   * PKCS#1 v1.5 from some overseas endpoints. Without this method such fields are returned encrypted.
   */
  decrypt?(ciphertext: string): string | Promise<string>
}

/** A key of WeChat Pay to encrypt with, and the serial by which WeChat Pay recognises it. */
export interface EncryptionKey {
  readonly serial: string
  readonly key: KeyObject
}

/** Verifies signatures of WeChat Pay. */
export interface Verifier {
  /** The serial to announce as `Wechatpay-Serial`, so that WeChat Pay signs with that key; undefined announces none. */
  announcedSerial(): string | undefined | Promise<string | undefined>
  /** Whether the base64 signature is WeChat Pay's, by the key with that serial; undefined if the key is not known. */
  verify(message: Uint8Array, signature: string, serial: string): boolean | undefined | Promise<boolean | undefined>
  /**
   * The key with that serial, or without a serial the announced key; undefined if there is none. Without this method no
   * field can be encrypted.
   */
  encryptionKey?(serial?: string): EncryptionKey | undefined | Promise<EncryptionKey | undefined>
}
