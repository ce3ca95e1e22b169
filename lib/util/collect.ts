/** Reads a stream into memory. */

type Source = AsyncIterable<Uint8Array | string>

/** All bytes of `source`. With a `limit`, in bytes: undefined as soon as there are more, and `source` is closed. */
export async function collect(source: Source): Promise<Buffer>
export async function collect(source: Source, limit: number): Promise<Buffer | undefined>
export async function collect(source: Source, limit = Number.POSITIVE_INFINITY): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    size += bytes.length
    if (size > limit) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
