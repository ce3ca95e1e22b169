/** Taking off the PKCS#1 v1.5 encryption padding (RFC 8017 section 7.2.2). */
import type { Buffer } from 'node:buffer'

const SHORTEST_FILLER = 8

/**
 * The message in `00 02 <at least 8 non-zero bytes> 00 <message>`, or undefined for anything else.
 *
 * Node 20 refuses to do this, and OpenSSL 3.2 and later answers a bad block with random bytes; here every Node does
 * the same. The whole block is always looked at, so that the time taken tells nothing of where it is wrong.
 */
export function removePkcs1Padding(block: Buffer): Buffer | undefined {
  let separator = 0
  block.forEach((byte, index) => {
    if (byte === 0 && index >= 2 && separator === 0) separator = index
  })
  const isSound = (block[0] === 0 ? 1 : 0) & (block[1] === 2 ? 1 : 0) & (separator >= 2 + SHORTEST_FILLER ? 1 : 0)
  return isSound === 1 ? block.subarray(separator + 1) : undefined
}
