/** The table of contents of the package. */

// The client.

export * as Builder from './builder.js'
export type { Config } from './config.js'
export type { Hooks, RequestInfo, ResponseInfo, RetryInfo } from './hooks.js'
export type {
  CommonOptions,
  FileInput,
  Method,
  OpenOptions,
  QueryValue,
  RetryOptions,
  TransportOptions,
} from './options.js'
export type { MerchantPem, MerchantPfx } from './protocol/merchant-certificate.js'
export { WechatPayResponse } from './response.js'
export type { Signer, Verifier } from './trust/verifier.js'
export type { Operation, Operations, Routes, WechatPay } from './types/index.js'

// Notifications, and what the front end is handed.

export * as Invoke from './invoke.js'
export type { EventOf, NotificationEvent } from './notification/index.js'
export * as Notification from './notification/index.js'

// Errors.

export {
  ApiError,
  InvalidArgumentError,
  SignatureError,
  type SignatureErrorReason,
  TransportError,
  type TransportErrorCode,
  WechatPayError,
} from './errors.js'

// Primitives, named as in the PHP original.

export * as AesEcb from './crypto/aes-ecb.js'
export * as AesGcm from './crypto/aes-gcm.js'
export * as Hash from './crypto/hash.js'
export type { KeyInput } from './crypto/keys.js'
export * as Rsa from './crypto/rsa.js'
export * as Formatter from './formatter.js'
export * as Transformer from './transformer.js'
