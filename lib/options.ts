/** The options of one call, in addition to the values of its placeholders. */
import type { Readable, Writable } from 'node:stream'
import type { Sensitive } from './trust/sensitive.js'

/** When a call is retried; see `retry` in {@link TransportOptions}. */
export interface RetryOptions {
  /** Maximum number of attempts, including the first. Default 3. */
  attempts?: number
  /** The HTTP status codes to retry. Default: 429 and every 5xx. */
  statuses?: readonly number[]
  /** The methods to retry after the request may have been sent. Default: GET. */
  methods?: readonly Method[]
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** How a request is sent. The client has the same options, as defaults. */
export interface TransportOptions {
  /** The origin, with an optional path prefix that is signed: `https://api.mch.weixin.qq.com/hk/`. */
  base_uri?: string | URL
  /** Milliseconds for the whole call, all attempts included; for a download, until its response begins. Default 30000. */
  timeout?: number
  /**
   * `false` never retries. By default a call is retried if nothing was sent, and a GET also after a lost connection, 429 or
   * 5xx. Every attempt has a new signature and the same body. `Retry-After` is honoured within `timeout`. Retries draw on a
   * budget of the client, so that an outage is not multiplied.
   */
  retry?: false | RetryOptions
  /**
   * A dispatcher of undici 7 or 8: a mock or an agent of your own. It makes the connections, so it must present the merchant
   * certificate itself if an APIv2 endpoint needs one. If it repeats requests by itself, it decides what is repeated.
   */
  dispatcher?: Dispatcher
}

/** What a request needs of an undici dispatcher: those of versions 7 and 8 have it. */
export interface Dispatcher {
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean
}

export interface DispatchOptions {
  origin?: string | URL
  path: string
  method: Method
  headers?: Readonly<Record<string, string>> | null
  body?: Buffer | Readable | null
  headersTimeout?: number | null
  bodyTimeout?: number | null
}

/** What a dispatcher calls while it sends a request. */
export interface DispatchHandler {
  onRequestStart(controller: DispatchController, context: unknown): void
  onResponseStart(
    controller: DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void
  onResponseData(controller: DispatchController, chunk: Buffer): void
  onResponseEnd(controller: DispatchController, trailers: object): void
  onResponseError(controller: DispatchController, error: Error): void
}

export interface DispatchController {
  resume(): void
  pause(): void
  abort(reason: Error): void
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

/** The options of every call. */
export interface CommonOptions extends TransportOptions {
  /** Override the headers of the client. `Authorization`, `Accept-Encoding` and those of the connection cannot be set. */
  headers?: Readonly<Record<string, string>>
  /** Aborts the call with a `TransportError` whose code is `ERR_ABORTED`. */
  signal?: AbortSignal
  /**
   * `false` neither encrypts nor decrypts sensitive fields. `'oaep'` and `'pkcs1'` choose the padding to encrypt them with, in
   * case the documented one is refused: some overseas sub-merchants need `'pkcs1'`.
   */
  encrypt?: boolean | 'oaep' | 'pkcs1'
  /** APIv2: use mutual TLS with the merchant certificate. Default: if the endpoint needs it. */
  security?: boolean
  /** APIv2: leave `nonce_str` out. Default: if the endpoint has none. */
  nonceless?: boolean
  /**
   * APIv2: call the sandbox, signed with the sandbox key from WeChat Pay. `v2/pay/micropay` goes to
   * `/xdc/apiv2sandbox/pay/micropay`. An endpoint that is not in the sandbox is refused, so no real call is made.
   */
  sandbox?: boolean
}

/** The content of an upload: a path, the bytes, a Blob or a stream, optionally with the file name to send. */
export type FileInput =
  | string
  | URL
  | Uint8Array
  | Blob
  | Readable
  | { content: Uint8Array | Blob | Readable; filename: string }

/** The options of a call that is not in the catalogue: any payload and any placeholder. */
export interface OpenOptions extends CommonOptions {
  query?: string | URLSearchParams | { readonly [name: string]: QueryValue }
  /**
   * The payload of APIv3. It is serialised once, so that the same bytes are signed and sent. Values that JSON would change or
   * leave out are refused: null, NaN, numbers that are not exact, a Date, a Map, bytes, a promise.
   */
  json?: unknown
  /** The payload of APIv2. */
  xml?: unknown
  /** A raw payload. The signature of `FormData` covers its `meta` part. */
  body?: string | Uint8Array | Readable | FormData
  /** A file to upload. Its digest is computed and signed; a stream is kept in a temporary file until it is sent. */
  file?: FileInput
  /** The file name to send instead of the file's own. */
  filename?: string
  /** For an upload: the fields that go with the file, besides its name and its digest. */
  meta?: object
  /** The destination of a download: the path of a file, which appears only when it is complete, or a stream. */
  sink?: string | URL | Writable
  /** The values of the placeholders. */
  [placeholder: string]: unknown
}
