/** The content of a bill as it arrives: decompressed, and at its end compared with the announced hash. */
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type Announced, verified as verifiedContent } from '../files/digest.js'
import { peek } from '../util/peek.js'
import { damaged } from './damage.js'

/** Bytes; the thread pool decompresses one piece at a time. */
const PIECE = 256 * 1024

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

/** @throws WechatPayError `ERR_BILL_CONTENT` (as a rejection) at the end of content that does not match its hash. */
export function verified(
  content: AsyncIterable<Uint8Array>,
  announced: Announced,
): AsyncGenerator<Uint8Array, void, undefined> {
  return verifiedContent(content, announced, hashType =>
    damaged(`The bill does not match the ${hashType} that WeChat Pay announced`),
  )
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^Z_|^ERR_ZLIB|^ERR_TRAILING/.test(String(error.code))
}
