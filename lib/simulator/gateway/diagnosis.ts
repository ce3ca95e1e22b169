/** Why a request was refused: the likely mistakes, and the string that was signed, if the simulator can find it out. */
import { ApiError } from '../../errors.js'
import type { RawResponse } from '../http/server.js'

export interface Diagnosis {
  /** In the order in which to correct them. */
  readonly mistakes: readonly Mistake[]
  /** The string that must be signed; undefined when an earlier check failed. */
  readonly expected?: string
  /** The string that the caller has signed instead; undefined if the simulator could not find it out. */
  readonly signed?: string
}

export interface Mistake {
  /** Stable, for programs. */
  readonly code: MistakeCode
  /** What is wrong, and what to do. */
  readonly message: string
  /** The same in Chinese. */
  readonly messageZh: string
}

const MESSAGES = {
  'body-missing': {
    en: 'The body was left out of the string that was signed. Sign the exact bytes of the body that are sent.',
    zh: '签名串中缺少请求报文主体。请对实际发送的主体逐字节签名。',
  },
  'body-rewritten': {
    en: 'The body was signed in one form and sent in a different one, such as JSON that was serialized twice. Serialize it once, sign that string, and send that string.',
    zh: '签名的报文主体与发送的写法不同，例如 JSON 被序列化了两次。只序列化一次，对该字符串签名，并发送同一个字符串。',
  },
  'body-unsent': {
    en: 'A body was signed, but the request has none. Sign an empty body: the string then ends with two line feeds.',
    zh: '签名串中有报文主体，而请求没有。请对空主体签名：签名串以两个换行符结尾。',
  },
  clock: {
    en: 'The clock of the caller differs from that of the simulator by more than five minutes. Set it by NTP.',
    zh: '调用方的时钟与模拟器相差超过五分钟。请用 NTP 校准。',
  },
  'full-url': {
    en: 'The whole URL was signed. Sign the path with its query, beginning with a slash and without the host.',
    zh: '对完整的 URL 签了名。请只对路径和查询串签名，以斜杠开头，不含主机名。',
  },
  'hash-algorithm': {
    en: 'The signature uses a hash other than SHA-256. Sign with SHA256withRSA.',
    zh: '签名所用的摘要算法不是 SHA-256。请使用 SHA256withRSA。',
  },
  'hash-twice': {
    en: 'The string was hashed before it was signed. Sign the string itself: the signature hashes it.',
    zh: '签名之前已经做过一次摘要。请直接对字符串签名，签名算法自己会做摘要。',
  },
  'key-of-other': {
    en: 'The signature was made with the key of a different merchant or brand of this simulator. Sign with the key of the one that the header names.',
    zh: '签名用的是此模拟器中另一个商户或品牌的私钥。请使用请求头所指商户的私钥。',
  },
  lines: {
    en: 'The five lines were joined wrongly. Write them in the order method, path, timestamp, nonce, body, and end each with a line feed (0x0A), including the last.',
    zh: '五行的拼接方式不对。依次为方法、路径、时间戳、随机串、主体，每行都以换行符（0x0A）结尾，最后一行也是。',
  },
  'merchant-unknown': {
    en: 'The simulator does not know this merchant. Use the `mchid` of its configuration.',
    zh: '模拟器没有这个商户。请使用其配置中的 mchid。',
  },
  method: {
    en: 'The signed method differs from the one that was sent. Sign the method of the request in upper case.',
    zh: '签名的请求方法与发送的不同。请使用实际的方法，大写。',
  },
  'nonce-case': {
    en: 'The signed nonce differs in case from the one that was sent. Sign the nonce of the header.',
    zh: '签名的随机串与发送的大小写不同。请对请求头中的随机串签名。',
  },
  'nonce-repeated': {
    en: 'The nonce was used before. Make a new one for each request, including retries.',
    zh: '随机串已经用过。每个请求都要生成新的，重试也不例外。',
  },
  'other-key': {
    en: "The signature was not made with the merchant's private key. Sign with the key in apiclient_key.pem that belongs to the certificate of this serial number.",
    zh: '签名不是用商户私钥生成的。请使用与该证书序列号对应的 apiclient_key.pem。',
  },
  'path-spelling': {
    en: 'The signed path and query differ in encoding from those that were sent. Sign them after encoding, exactly as they are sent.',
    zh: '签名的路径或查询串与发送的写法不同。请对编码之后、实际发送的内容签名。',
  },
  'query-missing': {
    en: 'The query was left out of the string that was signed. Sign the path with its query.',
    zh: '签名串中缺少查询串。请连同查询串一起签名。',
  },
  'serial-of-other': {
    en: 'The serial number is that of a different merchant or brand of this simulator. Use the serial number of the one that the header names.',
    zh: '这是此模拟器中另一个商户或品牌的序列号。请使用请求头所指商户的 API 证书序列号。',
  },
  'serial-decimal': {
    en: 'The serial number is the decimal form of the right one. Write it as 40 hexadecimal digits.',
    zh: '序列号写成了十进制。请写 40 位十六进制数字。',
  },
  'serial-platform': {
    en: 'The serial number is that of a platform certificate, which belongs to WeChat Pay. Use the serial number of the merchant API certificate.',
    zh: '这是平台证书的序列号，属于微信支付。请使用商户 API 证书的序列号。',
  },
  'serial-public-key': {
    en: 'The serial number is the ID of the WeChat Pay public key. Use the serial number of the merchant API certificate; the ID goes into the header Wechatpay-Serial.',
    zh: '这是微信支付公钥的 ID。请使用商户 API 证书的序列号；公钥 ID 放在 Wechatpay-Serial 头中。',
  },
  'serial-spelling': {
    en: 'The serial number contains other characters. Write its hexadecimal digits only.',
    zh: '序列号中有多余的字符。请只写十六进制数字。',
  },
  'serial-unknown': {
    en: "The serial number is not that of the merchant's API certificate. Use the `serial` of the configuration of the simulator.",
    zh: '这不是该商户 API 证书的序列号。请使用模拟器配置中的 serial。',
  },
  'signature-encoding': {
    en: 'The signature is not plain Base64. Encode its bytes as Base64, with + and / and padding.',
    zh: '签名不是标准的 Base64。请对签名的字节做一次 Base64，使用 +、/ 和填充符。',
  },
  'signature-length': {
    en: 'The signature does not have the length of the key. Sign with the private RSA key, and encode the bytes as Base64 once.',
    zh: '签名的长度与密钥不符。请用 RSA 私钥签名，并只做一次 Base64。',
  },
  'signature-padding': {
    en: 'The signature uses PSS padding. Sign with PKCS #1 v1.5: SHA256withRSA.',
    zh: '签名用了 PSS 填充。请使用 PKCS #1 v1.5，即 SHA256withRSA。',
  },
  'string-unknown': {
    en: "The signature was made with the merchant's key and SHA-256, but for a different string. Compare your five lines with the expected ones.",
    zh: '签名确实是用商户私钥和 SHA-256 生成的，但签的是另一个字符串。请逐行比对。',
  },
  'timestamp-differs': {
    en: 'The signed timestamp differs from the one that was sent. Read the clock once, for the string and the header.',
    zh: '签名的时间戳与发送的不同。请只取一次时间，同时用于签名串和请求头。',
  },
  'timestamp-milliseconds': {
    en: 'The timestamp is in milliseconds. Use seconds.',
    zh: '时间戳是毫秒。请使用秒。',
  },
  'upload-meta': {
    en: 'The file was signed. For an upload, sign the JSON of the part `meta` only.',
    zh: '上传文件时只对 meta 部分的 JSON 签名，不含文件内容。',
  },
  'v2-fields': {
    en: 'The signed fields differ from those that were sent. Sort all fields except `sign` by name, leave out empty ones, do not encode them, and join them with `&`.',
    zh: '签名的字段与发送的不一致。除 sign 外按名称排序，去掉空值，不做编码，以 & 连接。',
  },
  'v2-key': {
    en: 'The `sign` was made with the APIv3 key. Use the APIv2 key.',
    zh: '签名用了 APIv3 密钥。请使用 APIv2 密钥。',
  },
  'v2-sign-case': {
    en: 'The `sign` is in lower case. Write it in upper case.',
    zh: '签名用了小写。请用大写。',
  },
  'v2-sign-type': {
    en: 'The `sign` was not made with the method in `sign_type`, which is MD5 by default. Use that method, or change `sign_type`.',
    zh: '签名方法与 sign_type 不一致，默认为 MD5。',
  },
  'v2-unknown': {
    en: 'The `sign` is wrong. Check the APIv2 key, and compare your string with the expected one.',
    zh: '签名不符。请检查 APIv2 密钥，并与应签名的字符串比对。',
  },
} as const

export type MistakeCode = keyof typeof MESSAGES

export const MISTAKE_CODES = Object.keys(MESSAGES) as readonly MistakeCode[]

export function diagnose(codes: readonly MistakeCode[], strings: Omit<Diagnosis, 'mistakes'> = {}): Diagnosis {
  return {
    mistakes: codes.map(code => ({ code, message: MESSAGES[code].en, messageZh: MESSAGES[code].zh })),
    ...strings,
  }
}

/** A response, with the details that only the log shows. */
export interface DiagnosedResponse extends RawResponse {
  readonly diagnosis?: Diagnosis | undefined
}

/** A refusal with its diagnosis for the log. The response contains only the error, as WeChat Pay's does. */
export class DiagnosedError extends ApiError {
  readonly diagnosis: Diagnosis

  constructor(error: ApiError, diagnosis: Diagnosis) {
    const { code = '', statusCode, detail, requestId, retryable } = error
    super(error.message, { code, statusCode, detail, requestId, retryable })
    this.diagnosis = diagnosis
  }
}
