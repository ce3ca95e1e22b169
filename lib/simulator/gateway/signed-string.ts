/**
 * Finds out what a caller has signed instead of the right string. The merchant's public key reveals the hash that was
 * signed, and the strings that result from the usual mistakes, alone and in pairs, are hashed until one fits.
 */
import { constants, createHash, type KeyObject, publicDecrypt, verify } from 'node:crypto'
import { type Diagnosis, diagnose, type MistakeCode } from './diagnosis.js'

/** The lines that are signed, in their order. */
export interface SignedParts {
  readonly method: string
  readonly url: string
  readonly timestamp: string
  readonly nonce: string
  readonly body: Buffer
}

export interface Signed extends SignedParts {
  /** The signature of the header. */
  readonly signature: string
  /** The merchant's public key. */
  readonly key: KeyObject
  /** The public keys of all callers. */
  readonly others: readonly KeyObject[]
  readonly host: string
  /** The whole body of an upload, of which `body` is a part. */
  readonly upload?: Buffer | undefined
}

type Join = (parts: SignedParts) => Buffer

/** One difference from the right string. */
interface Change {
  readonly codes: readonly MistakeCode[]
  readonly parts?: Partial<SignedParts>
  readonly join?: Join
}

/** Bytes. A larger body is not tried in other forms, and its strings are not kept. */
const BODY_LIMIT = 64 * 1024

/** `expected` is the right string. */
export function diagnoseSignature(signed: Signed): Diagnosis {
  const expected = shown(inLines(signed))
  const found = decode(signed)
  if (!found) return diagnose(['signature-length'], { expected })
  const { bytes, codes } = found
  const hash = signedHash(bytes, signed.key)
  if (!hash) {
    if (verifiesPss(bytes, signed)) return diagnose([...codes, 'signature-padding'], { expected })
    const isKnown = signed.others.some(other => signedHash(bytes, other) !== undefined)
    return diagnose([...codes, isKnown ? 'key-of-other' : 'other-key'], { expected })
  }
  if (hash.name !== 'sha256') codes.push('hash-algorithm')
  const change = findChange(signed, hash)
  if (!change) return diagnose([...codes, 'string-unknown'], { expected })
  const string = (change.join ?? inLines)({ ...signed, ...change.parts })
  return diagnose([...codes, ...change.codes], { expected, signed: shown(string) })
}

function shown(string: Buffer): string {
  return string.toString('utf8', 0, BODY_LIMIT)
}

const inLines: Join = ({ method, url, timestamp, nonce, body }) =>
  Buffer.concat([Buffer.from(`${method}\n${url}\n${timestamp}\n${nonce}\n`), body, Buffer.from('\n')])

/** The bytes of a signature that is as long as the key, in any encoding. */
function decode({ signature, key }: Signed): { bytes: Buffer; codes: MistakeCode[] } | undefined {
  const length = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8
  const base64 = Buffer.from(signature, 'base64')
  if (base64.length === length) {
    return { bytes: base64, codes: base64.toString('base64') === signature ? [] : ['signature-encoding'] }
  }
  const others = [
    Buffer.from(signature, 'hex'),
    Buffer.from(signature.replaceAll(' ', '+'), 'base64'),
    Buffer.from(
      signature.replace(/%([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
      'base64',
    ),
    Buffer.from(base64.toString('latin1'), 'base64'),
    Buffer.from(base64.toString('latin1'), 'hex'),
  ]
  const bytes = others.find(other => other.length === length)
  return bytes && { bytes, codes: ['signature-encoding'] }
}

interface Hash {
  readonly name: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'
  readonly digest: Buffer
}

/** The bytes before the digest (RFC 8017, section 9.2). */
const DIGEST_INFOS: readonly [Hash['name'], string][] = [
  ['sha256', '3031300d060960864801650304020105000420'],
  ['sha1', '3021300906052b0e03021a05000414'],
  ['md5', '3020300c06082a864886f70d020505000410'],
  ['sha384', '3041300d060960864801650304020205000430'],
  ['sha512', '3051300d060960864801650304020305000440'],
]

/** Undefined for a signature of a different key. */
function signedHash(signature: Buffer, key: KeyObject): Hash | undefined {
  let content: string
  try {
    content = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature).toString('hex')
  } catch {
    return undefined
  }
  const known = DIGEST_INFOS.find(([, prefix]) => content.startsWith(prefix))
  return known && { name: known[0], digest: Buffer.from(content.slice(known[1].length), 'hex') }
}

function verifiesPss(signature: Buffer, signed: Signed): boolean {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return verify('sha256', inLines(signed), { key: signed.key, padding }, signature)
}

/** Finds the change that gives the string the hash that was signed. */
function findChange(signed: Signed, { name, digest }: Hash): Change | undefined {
  const hash = (bytes: Buffer | string) => createHash(name).update(bytes).digest()
  const fits = ({ join = inLines, parts }: Change) => hash(join({ ...signed, ...parts })).equals(digest)
  const right: Change = { codes: [] }
  if (fits(right)) return right
  const first = hash(inLines(signed))
  if ([first, first.toString('hex'), first.toString('base64')].some(again => hash(again).equals(digest))) {
    return { codes: ['hash-twice'] }
  }
  const kinds = changesOf(signed)
  const single = kinds.flat().find(fits)
  // Thousands of strings: not for a body of megabytes.
  if (single || signed.body.length > BODY_LIMIT) return single
  return milliseconds(signed).find(fits) ?? pairsOf(kinds).find(fits)
}

/** The changes by kind: only changes of different kinds can occur together. */
function changesOf(signed: Signed): readonly (readonly Change[])[] {
  return [bodies(signed), urls(signed), methods(signed), times(signed), JOINS, nonces(signed)]
}

function pairsOf(kinds: readonly (readonly Change[])[]): Change[] {
  return kinds.flatMap((ones, index) => {
    const others = kinds.slice(index + 1).flat()
    return ones.flatMap(one => others.map(other => both(one, other)))
  })
}

function both(one: Change, other: Change): Change {
  const join = one.join ?? other.join
  const parts = { ...one.parts, ...other.parts }
  return { codes: [...one.codes, ...other.codes], parts, ...(join && { join }) }
}

function methods({ method }: Signed): Change[] {
  const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].flatMap(name => [name, name.toLowerCase()])
  return others.filter(other => other !== method).map(other => ({ codes: ['method'], parts: { method: other } }))
}

const HOSTS = ['api.mch.weixin.qq.com', 'api2.mch.weixin.qq.com', 'api.wechatpay.cn']

function urls({ url, host }: Signed): Change[] {
  const [path = '', query] = url.split(/\?(.*)/s)
  const hasQuery = query !== undefined
  const spelling = (other: string): Change => ({ codes: ['path-spelling'], parts: { url: other } })
  const origins = [host, ...HOSTS].flatMap(name => [`http://${name}`, `https://${name}`, name])
  const others = [
    url.slice(1),
    path.replace(/^\/(?:v3|hk|global|brand)(?=\/)/, '') + (hasQuery ? `?${query}` : ''),
    path.endsWith('/') ? url.replace('/?', '?').replace(/\/$/, '') : `${path}/${hasQuery ? `?${query}` : ''}`,
    attempt(() => decodeURI(url)),
    attempt(() => decodeURIComponent(url)),
    encodeURI(url),
    url.replace(/%[0-9a-f]{2}/gi, code => code.toLowerCase()),
    url.replace(/%[0-9a-f]{2}/gi, code => code.toUpperCase()),
    ...(hasQuery ? queries(path, query) : [`${path}?`]),
  ]
  return [
    ...(hasQuery ? [{ codes: ['query-missing'], parts: { url: path } } as const] : []),
    ...origins.map(origin => ({ codes: ['full-url'], parts: { url: origin + url } }) as const),
    ...(hasQuery
      ? origins.map(origin => ({ codes: ['full-url', 'query-missing'], parts: { url: origin + path } }) as const)
      : []),
    ...others.filter(other => other !== url).map(spelling),
  ]
}

function queries(path: string, query: string): string[] {
  const values = new URLSearchParams(query)
  const sorted = new URLSearchParams(values)
  sorted.sort()
  const strict = [...values].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  const plain = [...values].map(([name, value]) => `${name}=${value}`)
  return [values.toString(), sorted.toString(), strict.join('&'), plain.join('&'), [...plain].sort().join('&')].map(
    written => `${path}?${written}`,
  )
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

function times({ timestamp }: Signed): Change[] {
  const seconds = Number(timestamp)
  const near = [-1, 1, -2, 2, -3, 3, -4, 4, -5, 5].map(offset => seconds + offset)
  return near.map(other => ({ codes: ['timestamp-differs'], parts: { timestamp: String(other) } }))
}

/** The thousand timestamps in milliseconds for one in seconds. */
function milliseconds({ timestamp }: Signed): Change[] {
  return Array.from({ length: 1000 }, (_, rest) => ({
    codes: ['timestamp-milliseconds'],
    parts: { timestamp: timestamp + String(rest).padStart(3, '0') },
  }))
}

function nonces({ nonce }: Signed): Change[] {
  return [nonce.toUpperCase(), nonce.toLowerCase()]
    .filter(other => other !== nonce)
    .map(other => ({ codes: ['nonce-case'], parts: { nonce: other } }))
}

const JOINS: readonly Change[] = [
  // Without the last line feed, and without the line feed before an empty body too.
  ({ method, url, timestamp, nonce, body }: SignedParts) => `${method}\n${url}\n${timestamp}\n${nonce}\n${body}`,
  ({ method, url, timestamp, nonce }: SignedParts) => `${method}\n${url}\n${timestamp}\n${nonce}\n`,
  ({ method, url, timestamp, nonce }: SignedParts) => `${method}\n${url}\n${timestamp}\n${nonce}`,
  ({ method, url, timestamp, nonce, body }: SignedParts) =>
    `${method}\r\n${url}\r\n${timestamp}\r\n${nonce}\r\n${body}\r\n`,
  // In single quotes, a shell or PHP does not read \n as a line feed.
  ({ method, url, timestamp, nonce, body }: SignedParts) => `${method}\\n${url}\\n${timestamp}\\n${nonce}\\n${body}\\n`,
  ({ method, url, timestamp, nonce, body }: SignedParts) => `${method}\n${url}\n${nonce}\n${timestamp}\n${body}\n`,
  ({ method, url, timestamp, nonce, body }: SignedParts) => `${url}\n${method}\n${timestamp}\n${nonce}\n${body}\n`,
  // The strings of a response and of APIv2.
  ({ timestamp, nonce, body }: SignedParts) => `${timestamp}\n${nonce}\n${body}\n`,
  ({ method, url, timestamp, nonce, body }: SignedParts) => `${method}&${url}&${timestamp}&${nonce}&${body}`,
  ({ method, url, timestamp, nonce, body }: SignedParts) => `${method}${url}${timestamp}${nonce}${body}`,
].map(join => ({ codes: ['lines'], join: parts => Buffer.from(join(parts)) }))

function bodies({ body, url, upload }: Signed): Change[] {
  const change = (code: MistakeCode) => (other: string | Buffer) => ({
    codes: [code],
    parts: { body: Buffer.from(other) },
  })
  if (upload) return [upload, '', ...rewritten(body)].map(change('upload-meta'))
  if (body.length > 0) return [change('body-missing')(''), ...rewritten(body).map(change('body-rewritten'))]
  const query = url.split(/\?(.*)/s)[1]
  const fields = JSON.stringify(Object.fromEntries(new URLSearchParams(query)))
  return ['{}', 'null', '[]', 'undefined', '""', fields, ...(query ? [query] : [])].map(change('body-unsent'))
}

/** The body in the forms of other JSON serializers. */
function rewritten(body: Buffer): string[] {
  const string = body.toString()
  if (body.length > BODY_LIMIT) return []
  const spellings = [
    string.trim(),
    `${string}\n`,
    string.replaceAll('\r\n', '\n'),
    string.replace(/^\uFEFF/, ''),
    form(string),
  ]
  const value = parse(string)
  if (typeof value === 'object' && value !== null) {
    for (const ordered of [value, sorted(value)]) {
      const written = [0, 2, 4, '\t'].map(space => JSON.stringify(ordered, null, space))
      for (const json of [...written, spaced(ordered)]) spellings.push(...escapes(json), `${json}\n`)
    }
  }
  return [...new Set(spellings)].filter(other => other !== string)
}

function parse(string: string): unknown {
  try {
    return JSON.parse(string)
  } catch {
    return undefined
  }
}

function form(string: string): string {
  const value = parse(string)
  const fields = new URLSearchParams()
  for (const [name, field] of Object.entries(Object(value))) fields.append(name, String(field))
  return fields.toString()
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, field]) => [name, sorted(field)] as const)
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** Python's form: a space after each comma and colon. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${spaced(field)}`)
  return `{${fields.join(', ')}}`
}

/** Unchanged, and with the escapes of Python, PHP and Go. */
function escapes(json: string): string[] {
  const ascii = json.replace(/[\u007f-\uffff]/g, unicodeEscape)
  const slashed = (string: string) => string.replaceAll('/', '\\/')
  return [json, ascii, slashed(json), slashed(ascii), json.replace(/[<>&\u2028\u2029]/g, unicodeEscape)]
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
