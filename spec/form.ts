/** Reads a multipart body with busboy, which knows nothing of this package. */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import busboy from 'busboy'

export interface ReceivedForm {
  /** The parts in their order. */
  order: string[]
  fields: Record<string, { value: string; mimeType: string }>
  files: Record<string, { filename: string; mimeType: string; size: number; sha256: string }>
}

export function readForm(headers: IncomingHttpHeaders, body: Buffer | Readable): Promise<ReceivedForm> {
  const form: ReceivedForm = { order: [], fields: {}, files: {} }
  const parser = busboy({ headers, defParamCharset: 'utf8' })
  parser.on('field', (name, value, { mimeType }) => {
    form.order.push(name)
    form.fields[name] = { value, mimeType }
  })
  parser.on('file', (name, stream, { filename = '', mimeType }: { filename?: string; mimeType: string }) => {
    form.order.push(name)
    const hash = createHash('sha256')
    let size = 0
    stream.on('data', (chunk: Buffer) => {
      hash.update(chunk)
      size += chunk.length
    })
    stream.on('end', () => {
      form.files[name] = { filename, mimeType, size, sha256: hash.digest('hex') }
    })
  })
  return new Promise((resolve, reject) => {
    parser.on('error', reject).on('close', () => resolve(form))
    ;(Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body).pipe(parser)
  })
}
