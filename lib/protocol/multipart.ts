/** Forms as browsers send them (RFC 7578), streamed: their length is known, and no file is kept in memory. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { readBlob } from '../files/upload-file.js'
import type { StreamedBody } from '../transport/send.js'

export interface FormPart {
  name: string
  content: string | Blob
  /** Makes the part a file. */
  filename?: string | undefined
  contentType?: string | undefined
}

const LINE = '\r\n'

export function encodeForm(parts: readonly FormPart[]): { body: StreamedBody; contentType: string } {
  const boundary = `----wechatpay${randomBytes(18).toString('hex')}`
  const pieces = parts.flatMap(part => {
    const content = typeof part.content === 'string' ? Buffer.from(part.content) : part.content
    return [Buffer.from(`--${boundary}${LINE}${partHeaders(part)}${LINE}`), content, Buffer.from(LINE)]
  })
  pieces.push(Buffer.from(`--${boundary}--${LINE}`))
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: {
      length: pieces.reduce((sum, piece) => sum + ('size' in piece ? piece.size : piece.length), 0),
      open: () => Readable.from(readPieces(pieces), { objectMode: false }),
    },
  }
}

/** The parts of a FormData. */
export function formParts(form: FormData): FormPart[] {
  return [...form].map(([name, content]) =>
    typeof content === 'string'
      ? { name, content }
      : { name, content, filename: content.name, contentType: content.type || undefined },
  )
}

function partHeaders({ name, content, filename, contentType }: FormPart): string {
  const file = filename === undefined ? '' : `; filename="${escapeName(filename)}"`
  const type = contentType ?? (typeof content === 'string' ? undefined : 'application/octet-stream')
  return `Content-Disposition: form-data; name="${escapeName(name)}"${file}${LINE}${type ? `Content-Type: ${type}${LINE}` : ''}`
}

// A quote or a line break would end the header. Servers expect what browsers send instead.
function escapeName(name: string): string {
  return name.toWellFormed().replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

async function* readPieces(pieces: readonly (Buffer | Blob)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) yield piece
    else yield* readBlob(piece)
  }
}
