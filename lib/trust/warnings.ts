/** Warnings about keys: nothing has failed yet, but the merchant should act. */

export type KeyWarningCode = 'CERTIFICATE_EXPIRES' | 'CERTIFICATES_NOT_REFRESHED' | 'STORE_FAILED'

export interface KeyWarning {
  code: KeyWarningCode
  /** What happened, and what to do. */
  message: string
  /** The serial of the certificate. */
  serial?: string
  /** When the certificate expires. */
  expires?: Date
  cause?: unknown
}

export type WarningListener = (warning: KeyWarning) => void
