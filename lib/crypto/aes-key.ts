/** The key of both AES modes. */
import { InvalidArgumentError } from '../errors.js'
import { toBytes } from './bytes.js'

const KEY_LENGTH = 32

/** @throws InvalidArgumentError unless the key has 32 bytes: nothing is padded or cut. */
export function aesKey(key: string | Uint8Array): Uint8Array {
  const bytes = toBytes(key, 'key')
  if (bytes.length === KEY_LENGTH) return bytes
  throw new InvalidArgumentError(
    `key: found ${bytes.length} bytes, expected ${KEY_LENGTH}. Pass the key exactly as it was set in the merchant platform, without spaces or line ends.`,
  )
}
