/** Why a request is refused, as far as the simulator can find out: the likely mistakes, and the string that was signed. */
import { ApiError } from '../../errors.js'
import type { RawResponse } from '../http/server.js'

export interface Diagnosis {
  /** In the order in which to correct them. */
  readonly mistakes: readonly Mistake[]
  /** The string that the signature must be of; undefined when it was not reached. */
  readonly expected?: string
  /** The string that the caller has signed instead; undefined when it could not be found out. */
  readonly signed?: string
}

export interface Mistake {
  /** Stable, for programs. */
  readonly code: MistakeCode
  /** What is wrong, and what to do. */
  readonly message: string
}

const MESSAGES = {
  'body-missing':
    'The body was left out of the string that was signed. Sign the exact bytes of the body that are sent.',
  'body-rewritten':
    'The body was signed in one form and sent in a different one, such as JSON that was serialized twice. Serialize it once, sign that string, and send that string.',
  'body-unsent':
    'A body was signed, but the request has none. Sign an empty body: the string then ends with two line feeds.',
  clock: 'The clock of this machine differs from that of the simulator. Set it by NTP.',
  'full-url': 'The whole URL was signed. Sign the path with its query, beginning with a slash and without the host.',
  'hash-algorithm': 'The signature is of a hash other than SHA-256. Sign with SHA256withRSA.',
  'hash-twice': 'The string was hashed before it was signed. Sign the string itself: the signature hashes it.',
  lines:
    'The five lines were joined in a different way. Each of the five ends with a line feed (0x0A), also the last, in the order method, path, timestamp, nonce, body.',
  'merchant-unknown': 'The simulator does not know this merchant. Use the `mchid` of its configuration.',
  method: 'A different method was signed than was sent. Sign the method of the request in upper case.',
  'nonce-case': 'The nonce was signed in a different case than it was sent. Sign the nonce of the header.',
  'nonce-repeated':
    'The nonce was used before. Make a new one for each request, also for a request that is sent again.',
  'other-key':
    "The signature was not made with the merchant's private key. Sign with the key in apiclient_key.pem that belongs to the certificate of this serial number.",
  'path-spelling':
    'The path and the query were signed in a different spelling than they were sent. Sign them after encoding, exactly as they are sent.',
  'query-missing': 'The query was left out of the string that was signed. Sign the path with its query.',
  'serial-brand': 'The serial number is that of the brand. Use the serial number of the merchant API certificate.',
  'serial-decimal': 'The serial number is the decimal form of the right one. Write it as 40 hexadecimal digits.',
  'serial-platform':
    'The serial number is that of a platform certificate, which belongs to WeChat Pay. Use the serial number of the merchant API certificate.',
  'serial-public-key':
    'The serial number is the ID of the WeChat Pay public key. Use the serial number of the merchant API certificate; the ID goes into the header Wechatpay-Serial.',
  'serial-spelling': 'The serial number has further characters. Write its hexadecimal digits only.',
  'serial-unknown':
    "The serial number is not that of the merchant's API certificate. Use the `serial` of the configuration of the simulator.",
  'signature-encoding': 'The signature is not plain Base64. Encode its bytes as Base64, with + and / and padding.',
  'signature-length':
    'The signature does not have the length of the key. Sign with the private RSA key, and encode the bytes as Base64 once.',
  'signature-padding': 'The signature has the padding of PSS. Sign with PKCS #1 v1.5: SHA256withRSA.',
  'string-unknown':
    "The signature was made with the merchant's key and SHA-256, of a different string. Compare your five lines with those that are expected.",
  'timestamp-milliseconds': 'The timestamp is in milliseconds. Use seconds.',
  'timestamp-differs':
    'A different timestamp was signed than was sent. Take the time once, for the string and for the header.',
  'upload-meta': 'Of an upload, only the JSON of the part `meta` is signed. Sign that part, without the file.',
  'v2-fields':
    'The fields were not signed as they were sent. Sort all fields but `sign` by their names, leave out the empty ones, do not encode, and join them by `&`.',
  'v2-key': 'The sign was made with the APIv3 key. Use the APIv2 key.',
  'v2-sign-case': 'The sign is in lower case. Write it in upper case.',
  'v2-sign-type': 'The sign was made by a different method than `sign_type` says, which is MD5 by default.',
  'v2-unknown': 'The sign does not fit. Check the APIv2 key, and compare your string with the one that is expected.',
} as const

export type MistakeCode = keyof typeof MESSAGES

export const MISTAKE_CODES = Object.keys(MESSAGES) as readonly MistakeCode[]

export function diagnose(codes: readonly MistakeCode[], strings: Omit<Diagnosis, 'mistakes'> = {}): Diagnosis {
  return { mistakes: codes.map(code => ({ code, message: MESSAGES[code] })), ...strings }
}

/** A response with what only the log says. */
export interface DiagnosedResponse extends RawResponse {
  readonly diagnosis?: Diagnosis | undefined
}

/** A refusal with its diagnosis, which the log keeps: WeChat Pay says no more than the error. */
export class DiagnosedError extends ApiError {
  readonly diagnosis: Diagnosis

  constructor(error: ApiError, diagnosis: Diagnosis) {
    const { code = '', statusCode, detail, requestId, retryable } = error
    super(error.message, { code, statusCode, detail, requestId, retryable })
    this.diagnosis = diagnosis
  }
}
