/** The work that an encrypted private key asks for: it says itself how often its passphrase is hashed. */
import { Buffer } from 'node:buffer'
import { membersOfDer } from './der.js'

/** About a second. OpenSSL writes 2,048. */
const MOST_ITERATIONS = 1_000_000
/** N times r times p: eight times what OpenSSL writes. */
const MOST_SCRYPT_WORK = 2 ** 20

const INTEGER = 0x02
const OCTET_STRING = 0x04
const PBES2 = Buffer.from('2a864886f70d01050d', 'hex')
const SCRYPT = Buffer.from('2b06010401da47040b', 'hex')

/** The excessive parameter in the PKCS#8 of an encrypted key (RFC 5958, RFC 8018), or undefined. Computes no hash. */
export function excessiveWork(der: Uint8Array): string | undefined {
  const [algorithm] = membersOfDer(der) ?? []
  const [oid, parameters] = membersOfDer(algorithm?.encoded ?? Buffer.of()) ?? []
  const [scheme] = membersOfDer(parameters?.encoded ?? Buffer.of()) ?? []
  const isPbes2 = oid !== undefined && PBES2.equals(oid.content)
  return workOf(isPbes2 ? scheme?.encoded : algorithm?.encoded)
}

function workOf(derivation: Uint8Array = Buffer.of()): string | undefined {
  const [oid, parameters] = membersOfDer(derivation) ?? []
  const [salt, ...numbers] = membersOfDer(parameters?.encoded ?? Buffer.of()) ?? []
  if (salt?.tag !== OCTET_STRING) return undefined
  const [count = 0, ...factors] = numbers.filter(({ tag }) => tag === INTEGER).map(({ content }) => toNumber(content))
  if (oid && SCRYPT.equals(oid.content)) {
    const work = factors.slice(0, 2).reduce((product, factor) => product * factor, count)
    return work > MOST_SCRYPT_WORK ? `scrypt of more than ${MOST_SCRYPT_WORK} blocks` : undefined
  }
  return count > MOST_ITERATIONS ? `more than ${MOST_ITERATIONS} iterations` : undefined
}

/** Positive; a number beyond all limits may be inexact, or Infinity. */
function toNumber(digits: Uint8Array): number {
  return digits.reduce((sum, digit) => sum * 256 + digit, 0)
}
