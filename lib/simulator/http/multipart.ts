/** Parses multipart forms. In an APIv3 upload, only the part named `meta` is signed. */

export interface ReceivedPart {
  name: string
  /** Undefined when the part is not a file. */
  filename: string | undefined
  content: Buffer
}

const CRLF = '\r\n'

/** Returns the parts in order; an empty list when the body does not match `contentType`. */
export function readParts(contentType: string, body: Buffer): ReceivedPart[] {
  const delimiter = delimiterOf(contentType, body)
  return delimiter ? [...split(body, delimiter)].flatMap(readPart) : []
}

// Some clients leave out the boundary, and WeChat Pay accepts that: the first line of the body is the delimiter, too.
function delimiterOf(contentType: string, body: Buffer): string | undefined {
  if (!/^multipart\/form-data\b/i.test(contentType)) return undefined
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (boundary !== undefined) return `--${boundary}`
  const line = body.subarray(0, Math.max(body.indexOf(CRLF), 0)).toString('latin1')
  return line.startsWith('--') ? line : undefined
}

/** Returns the content of the part named `meta`, if any. */
export function metaPart(contentType: string, body: Buffer): Buffer | undefined {
  return readParts(contentType, body).find(({ name }) => name === 'meta')?.content
}

function readPart(part: Buffer): ReceivedPart[] {
  const headersEnd = part.indexOf(CRLF + CRLF)
  const headers = part.subarray(0, Math.max(headersEnd, 0)).toString()
  const [disposition] = /^content-disposition:.*$/im.exec(headers) ?? []
  const name = parameter(disposition, 'name')
  if (name === undefined) return []
  const filename = parameter(disposition, 'filename')
  return [{ name, filename, content: part.subarray(headersEnd + CRLF.length * 2) }]
}

function parameter(disposition = '', name: string): string | undefined {
  const [, quoted, bare] = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^\\s;]+))`, 'i').exec(disposition) ?? []
  return quoted ?? bare
}

function* split(body: Buffer, delimiter: string): Generator<Buffer> {
  const between = CRLF + delimiter
  let start = body.indexOf(delimiter) + delimiter.length
  for (let end = body.indexOf(between, start); end >= 0; end = body.indexOf(between, start)) {
    yield body.subarray(start, end)
    start = end + between.length
  }
}
