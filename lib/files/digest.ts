/** Content that is compared at its end with the digest that WeChat Pay announced for it. */
import { createHash } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'

/** Digest and algorithm as in the responses of WeChat Pay. */
export interface Announced {
  hash_type?: string | undefined
  /** In hex. */
  hash_value?: string | undefined
}

const HASHES: ReadonlyMap<string, string> = new Map([
  ['SHA1', 'sha1'],
  ['SHA256', 'sha256'],
  ['SM3', 'sm3'],
  ['MD5', 'md5'],
])

/** The algorithm by Node's name; undefined without a digest. @throws InvalidArgumentError for an unknown one. */
export function hashName({ hash_type = 'SHA1', hash_value }: Announced): string | undefined {
  if (!hash_value) return undefined
  const name = HASHES.get(hash_type.toUpperCase())
  if (name !== undefined) return name
  throw new InvalidArgumentError(
    `\`hash_type\` must be one of ${[...HASHES.keys()].join(', ')}; got ${JSON.stringify(hash_type)}.`,
  )
}

/** The same content. At its end it fails with the error of `mismatch` (as a rejection) if it does not have the digest. */
export async function* verified(
  content: AsyncIterable<Uint8Array>,
  announced: Announced,
  mismatch: (hashType: string) => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  const name = hashName(announced)
  if (name === undefined) {
    yield* content
    return
  }
  const hash = createHash(name)
  for await (const piece of content) {
    hash.update(piece)
    yield piece
  }
  if (hash.digest('hex') !== announced.hash_value?.toLowerCase()) throw mismatch(announced.hash_type ?? 'SHA1')
}
