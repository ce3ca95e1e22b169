/** The table of contents of the package. */

// The client
export * as Builder from './builder.js'
export type { Config } from './config.js'
// Primitives, named as in the PHP original
export * as AesEcb from './crypto/aes-ecb.js'
export * as AesGcm from './crypto/aes-gcm.js'
export * as Hash from './crypto/hash.js'
export type { KeyInput } from './crypto/keys.js'
export * as Rsa from './crypto/rsa.js'
// Errors
export {
  ApiError,
  InvalidArgumentError,
  SignatureError,
  type SignatureErrorReason,
  TransportError,
  type TransportErrorCode,
  WechatPayError,
} from './errors.js'
export * as Formatter from './formatter.js'
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
export { WechatPayResponse } from './response.js'
export type { Signer, Verifier } from './trust/verifier.js'
