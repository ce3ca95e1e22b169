/** The options of one call: what a verb takes besides the values of its placeholders. */
import type { Readable, Writable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Sensitive } from './trust/sensitive.js'

/** When a call is tried again; see `retry` in {@link TransportOptions}. */
export interface RetryOptions {
  /** How often a call is tried at the most, the first time included. Default 3. */
  attempts?: number
  /** The HTTP statuses that are tried again. Default: 429 and every 5xx. */
  statuses?: readonly number[]
  /** The methods that are tried again after the request may have been sent. Default: GET. */
  methods?: readonly Method[]
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** How a request travels; the client has the same options as defaults. */
export interface TransportOptions {
  /** The origin, with an optional path prefix that is signed: `https://api.mch.weixin.qq.com/hk/`. */
  base_uri?: string | URL
  /** Milliseconds for the whole call, every attempt included; for a download, until its answer begins. Default 30000. */
  timeout?: number
  /**
   * `false` never tries again. By default only what was never sent is tried again, and a GET that met a lost
   * connection, 429 or 5xx. Every attempt is signed anew and carries the same body.
   */
  retry?: false | RetryOptions
  /**
   * An undici dispatcher: a proxy, a mock, an own agent. It makes the connections, so it brings the merchant certificate
   * itself where an APIv2 endpoint needs one.
   */
  dispatcher?: Dispatcher
}

export type QueryValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | Sensitive
  | readonly QueryValue[]
  | { readonly [name: string]: QueryValue }

/** The options that every call knows. */
export interface CommonOptions extends TransportOptions {
  /** Merged over the default headers. */
  headers?: Readonly<Record<string, string>>
  /** Ends the call with a `TransportError` whose code is `ERR_ABORTED`. */
  signal?: AbortSignal
  /**
   * `false` leaves sensitive fields as they are given, and as they come. `'oaep'` and `'pkcs1'` choose the padding that they
   * are sent with, where the documented one is refused: overseas sub-merchants have been seen to need `'pkcs1'`.
   */
  encrypt?: boolean | 'oaep' | 'pkcs1'
  /** APIv2: send over mutual TLS with the merchant certificate. On by itself where the endpoint needs it. */
  security?: boolean
  /** APIv2: leave `nonce_str` out. On by itself where the endpoint wants it so. */
  nonceless?: boolean
  /**
   * APIv2: send it to the sandbox, signed with the key that WeChat Pay gives out for it. `v2/pay/micropay` goes to
   * `/xdc/apiv2sandbox/pay/micropay`; what the sandbox does not have is refused, so that nothing reaches the real one.
   */
  sandbox?: boolean
}

/** The content of an upload: a path, the bytes, a Blob or a stream, with the name that WeChat Pay is told. */
export type FileInput =
  | string
  | URL
  | Uint8Array
  | Blob
  | Readable
  | { content: Uint8Array | Blob | Readable; filename: string }

/** The options of a call that is not in the catalogue: every kind of payload, and any placeholder. */
export interface OpenOptions extends CommonOptions {
  query?: string | URLSearchParams | { readonly [name: string]: QueryValue }
  /** The payload of APIv3: serialised once; the same bytes are signed and sent. */
  json?: unknown
  /** The payload of APIv2. */
  xml?: unknown
  /** A raw payload; `FormData` is signed by its `meta` part. */
  body?: string | Uint8Array | Readable | FormData
  /** An upload, with its digest computed and signed; a stream is kept in a temporary file until it is sent. */
  file?: FileInput
  /** The name of `file` that WeChat Pay is told, in place of its own. */
  filename?: string
  /** An upload: the fields that go with the file, besides its name and its digest. */
  meta?: object
  /** Where a download goes: the path of a file, which is there only once it is whole; or a stream. */
  sink?: string | URL | Writable
  /** The values of the placeholders. */
  [placeholder: string]: unknown
}
