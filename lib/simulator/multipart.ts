/** The `meta` part of an upload: the only part of a multipart body that is signed. */

const LINE = '\r\n'

/**
 * The bytes of the part named `meta`; undefined when the body holds none, or is not the multipart that
 * `contentType` announces.
 */
export function metaPart(contentType: string, body: Buffer): Buffer | undefined {
  const boundary = /^multipart\/form-data\b.*;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType)
  const delimiter = boundary && `--${boundary[1] ?? boundary[2]}`
  if (!delimiter) return undefined
  for (const part of split(body, delimiter)) {
    const headersEnd = part.indexOf(LINE + LINE)
    const headers = part.subarray(0, Math.max(headersEnd, 0)).toString('latin1')
    if (/^content-disposition:.*;\s*name="?meta"?\s*(?:;|$)/im.test(headers)) {
      return part.subarray(headersEnd + LINE.length * 2)
    }
  }
  return undefined
}

function* split(body: Buffer, delimiter: string): Generator<Buffer> {
  const between = LINE + delimiter
  let start = body.indexOf(delimiter) + delimiter.length
  for (let end = body.indexOf(between, start); end >= 0; end = body.indexOf(between, start)) {
    yield body.subarray(start, end)
    start = end + between.length
  }
}
