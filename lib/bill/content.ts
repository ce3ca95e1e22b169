/** The content of a bill as it arrives: decompressed, and at its end compared with the announced hash. */
import { createHash } from 'node:crypto'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { InvalidArgumentError } from '../errors.js'
import { peek } from '../util/peek.js'
import { damaged } from './damage.js'

/** Bytes; the thread pool decompresses one piece at a time. */
const PIECE = 256 * 1024
const HASHES: ReadonlyMap<string, string> = new Map([
  ['SHA1', 'sha1'],
  ['SHA256', 'sha256'],
  ['MD5', 'md5'],
])

/** Decompresses gzip, whatever `tar_type` was requested; other content passes through unchanged. */
export async function* unpack(source: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const { beginning, stream } = await peek(source, 2)
  if (beginning[0] !== 0x1f || beginning[1] !== 0x8b) {
    yield* stream
    return
  }
  const gunzip = createGunzip({ chunkSize: PIECE })
  // Errors reach the reader through the decompressed stream.
  pipeline(stream, gunzip, () => {})
  try {
    yield* gunzip
  } catch (error) {
    throw isZlibError(error) ? damaged('The gzip of the bill is damaged or incomplete', error) : error
  }
}

/** Hash and algorithm as in the responses of WeChat Pay. */
export interface Announced {
  hash_type?: string | undefined
  hash_value?: string | undefined
}

/** @throws InvalidArgumentError for an unknown hash. */
export function hashName({ hash_type = 'SHA1', hash_value }: Announced): string | undefined {
  if (!hash_value) return undefined
  const name = HASHES.get(hash_type.toUpperCase())
  if (name !== undefined) return name
  throw new InvalidArgumentError(
    `\`hash_type\` must be one of ${[...HASHES.keys()].join(', ')}; got ${JSON.stringify(hash_type)}.`,
  )
}

/** @throws WechatPayError `ERR_BILL_CONTENT` (as a rejection) at the end of content that does not match its hash. */
export async function* verified(
  content: AsyncIterable<Uint8Array>,
  announced: Announced,
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
  if (hash.digest('hex') !== announced.hash_value?.toLowerCase()) {
    throw damaged(`The bill does not match the ${announced.hash_type ?? 'SHA1'} that WeChat Pay announced`)
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^Z_|^ERR_ZLIB|^ERR_TRAILING/.test(String(error.code))
}
