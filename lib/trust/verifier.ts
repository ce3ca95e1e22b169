/** Signing for the merchant, and verifying WeChat Pay: the two interfaces behind which keys live. */
import type { KeyObject } from 'node:crypto'
import type { KeyKind } from '../crypto/keys.js'

/** Signs for the merchant: with the private key in this process, or with a KMS or an HSM that keeps it. */
export interface Signer {
  /** The serial of the merchant API certificate, upper-case hex. */
  readonly serial: string
  /** The algorithms of the key; `'SM2'` makes requests of `WECHATPAY2-SM2-WITH-SM3`. Default `'RSA'`. */
  readonly algorithm?: KeyKind
  /**
   * The base64 of the RSA PKCS#1 v1.5 SHA-256 signature of the message, or of the DER of its SM2 signature with SM3 and the
   * user ID `1234567812345678`.
   */
  sign(message: Uint8Array): string | Promise<string>
  /**
   * Decrypts a field that WeChat Pay encrypted for the merchant. The ciphertext is base64 of RSA-OAEP with SHA-1, or of
   * PKCS#1 v1.5 from some overseas endpoints, or of SM2 (C1C3C2, DER). Without this method such fields are returned
   * encrypted.
   */
  decrypt?(ciphertext: string): string | Promise<string>
  /**
   * Decrypts the key of an encrypted bill, which may be any bytes: base64 of RSA-OAEP with SHA-1, or of SM2. Without this
   * method `decrypt` is asked, whose string cannot hold all bytes.
   */
  decryptBytes?(ciphertext: string): Uint8Array | Promise<Uint8Array>
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
  /**
   * Whether the base64 signature is WeChat Pay's, by the key with that serial; undefined if the key is not known.
   * `algorithm` is what the message says that it is signed with; it must be that of the key.
   */
  verify(
    message: Uint8Array,
    signature: string,
    serial: string,
    algorithm?: KeyKind,
  ): boolean | undefined | Promise<boolean | undefined>
  /**
   * The key with that serial, or without a serial the announced key; undefined if there is none. Without this method no
   * field can be encrypted.
   */
  encryptionKey?(serial?: string): EncryptionKey | undefined | Promise<EncryptionKey | undefined>
}
