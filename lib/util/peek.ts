/** Reads the beginning of a stream without taking it away from the reader. */
import { PassThrough, pipeline, Readable } from 'node:stream'

/**
 * The first bytes of a stream, at least `length` of them unless it is shorter, and a stream of the whole content, including
 * these bytes. Destroying the new stream destroys the source. Rejects with the error of the source.
 */
export async function peek(source: Readable, length: number): Promise<{ beginning: Buffer; stream: Readable }> {
  const chunks: Buffer[] = []
  let size = 0
  let isWhole = true
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk)
    size += chunk.length
    isWhole = size < length
    if (!isWhole) break
  }
  const beginning = Buffer.concat(chunks)
  if (isWhole) return { beginning, stream: Readable.from(chunks, { objectMode: false }) }
  const stream = new PassThrough()
  stream.write(beginning)
  // Errors reach the reader through the stream itself.
  pipeline(source, stream, () => {})
  return { beginning, stream }
}
