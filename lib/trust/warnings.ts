/** What the keeper of the keys notices: nothing has failed yet, but somebody should look. */

export type KeyWarningCode = 'CERTIFICATE_EXPIRES' | 'CERTIFICATES_NOT_REFRESHED' | 'STORE_FAILED'

export interface KeyWarning {
  code: KeyWarningCode
  /** What was noticed, and what to do. */
  message: string
  /** The certificate that is meant. */
  serial?: string
  /** When it ends. */
  expires?: Date
  cause?: unknown
}

export type WarningListener = (warning: KeyWarning) => void
