/** Removes the PKCS#1 v1.5 encryption padding (RFC 8017 section 7.2.2). */
import type { Buffer } from 'node:buffer'

const SHORTEST_FILLER = 8

/**
 * The message in `00 02 <at least 8 non-zero bytes> 00 <message>`, or undefined for anything else.
 *
 * Node 20 refuses to do this, and OpenSSL 3.2 and later returns random bytes for a bad block; here every Node does the
 * same. The whole block is always read, so that the time taken does not show where it is wrong.
 */
export function removePkcs1Padding(block: Buffer): Buffer | undefined {
  let separator = 0
  block.forEach((byte, index) => {
    if (byte === 0 && index >= 2 && separator === 0) separator = index
  })
  const isSound = (block[0] === 0 ? 1 : 0) & (block[1] === 2 ? 1 : 0) & (separator >= 2 + SHORTEST_FILLER ? 1 : 0)
  return isSound === 1 ? block.subarray(separator + 1) : undefined
}
