/** The table of contents of the package. */
/// <reference types="node" preserve="true" />

// The client.

export * as Builder from './builder.js'
export type { PlatformCertificate } from './certificates.js'
export * as Certificates from './certificates.js'
export type { BrandConfig, BrandKeyOptions, Config } from './config/config.js'
export type { Hooks, RequestInfo, ResponseInfo, RetryInfo, WarningInfo } from './config/hooks.js'
export type { KeyOptions } from './config/keys.js'
export type { MerchantPem, MerchantPfx } from './config/merchant-certificate.js'
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
export type { EncryptionKey, Signer, Verifier } from './trust/verifier.js'
export type { BrandPay, BrandRoutes, Operation, Operations, Routes, WechatPay } from './types/index.js'

// Stores that several processes share, and values that are kept out of logs.

export { FileStore } from './stores/file-store.js'
export { MemoryStore } from './stores/memory-store.js'
export { type IoredisClient, type NodeRedisClient, RedisStore } from './stores/redis-store.js'
export type { Store } from './stores/store.js'
export { type Sensitive, sensitive } from './trust/sensitive.js'

// Files.

export * as Bill from './bill/index.js'
export * as Media from './media.js'

// Payments by code.

export * as CodePay from './code-pay.js'

// Notifications, and parameters for the front end.

export * as Invoke from './invoke/index.js'
export type { EventOf, NotificationEvent } from './notification/index.js'
export * as Notification from './notification/index.js'

// Errors.

export {
  ApiError,
  InvalidArgumentError,
  OutcomeUnknownError,
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
export type { KeyInput, KeyKind } from './crypto/keys.js'
export * as Rsa from './crypto/rsa.js'
export * as Formatter from './formatter.js'
export * as Transformer from './transformer.js'
