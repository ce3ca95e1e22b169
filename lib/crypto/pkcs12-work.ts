/** The work that a PKCS#12 container asks for: it says itself how often its passphrase is hashed, in each of its parts. */
import type { asn1 } from 'node-forge'

type Forge = typeof import('node-forge')
type Asn1 = asn1.Asn1

/** In all parts together: about a second in JavaScript. OpenSSL writes three times 2,048, Java three times 10,000. */
const MOST_ITERATIONS = 50_000
/** The octet strings around the bags: of the container, and of each of its parts. */
const WRAPPERS = 2
/** The schemes of PKCS#12, and those of PKCS#5 with the derivation that they name. */
const DERIVATIONS = /^1\.2\.840\.113549\.1\.(?:12\.1|5)\.\d+$/
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'

/**
 * Whether a container asks for more than a merchant's does. Only what is within the limit is decrypted to see what is
 * inside.
 */
export function asksTooMuch(forge: Forge, container: Asn1, passphrase: string): boolean {
  const outer = macIterations(container) + iterationsIn(forge, container, WRAPPERS)
  if (!(outer <= MOST_ITERATIONS)) return true
  const inner = encryptedParts(forge, container).map(part => iterationsIn(forge, decrypt(forge, part, passphrase), 0))
  return !(inner.reduce((sum, count) => sum + count, outer) <= MOST_ITERATIONS)
}

function macIterations(container: Asn1): number {
  return toNumber(memberAt(memberAt(container, 2), 2))
}

/** The sum over everything that names a derivation. */
function iterationsIn(forge: Forge, node: Asn1 | undefined, wrappers: number): number {
  if (node === undefined) return 0
  const isOctets = node.type === forge.asn1.Type.OCTETSTRING && node.tagClass === forge.asn1.Class.UNIVERSAL
  if (isOctets && wrappers > 0) return iterationsIn(forge, parse(forge, bytesOf(node)), wrappers - 1)
  const own = DERIVATIONS.test(oidOf(forge, node)) ? toNumber(memberAt(memberAt(node, 1), 1)) : 0
  return membersOf(node).reduce((sum, member) => sum + iterationsIn(forge, member, wrappers), own)
}

/** Each with its algorithm, as a structure that can be decrypted by itself. */
function encryptedParts(forge: Forge, container: Asn1): Asn1[] {
  const { asn1 } = forge
  const wrapped = memberAt(memberAt(memberAt(container, 1), 1), 0)
  const parts = membersOf(wrapped && parse(forge, bytesOf(wrapped)))
  return parts.flatMap(part => {
    if (oidOf(forge, part) !== ENCRYPTED_DATA) return []
    const [, algorithm, content] = membersOf(memberAt(memberAt(memberAt(part, 1), 0), 1))
    if (!algorithm || !content) return []
    const octets = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, bytesOf(content))
    return [asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [algorithm, octets])]
  })
}

// What cannot be decrypted here cannot be decrypted later either, and is explained there.
function decrypt(forge: Forge, part: Asn1, passphrase: string): Asn1 | undefined {
  try {
    return forge.pki.decryptPrivateKeyInfo(part, passphrase) ?? undefined
  } catch {
    return undefined
  }
}

function parse(forge: Forge, bytes: string): Asn1 | undefined {
  try {
    return forge.asn1.fromDer(bytes)
  } catch {
    return undefined
  }
}

function membersOf(node: Asn1 | undefined): readonly Asn1[] {
  return Array.isArray(node?.value) ? node.value : []
}

function memberAt(node: Asn1 | undefined, index: number): Asn1 | undefined {
  return membersOf(node)[index]
}

/** An octet string may come in pieces. */
function bytesOf(node: Asn1): string {
  return typeof node.value === 'string' ? node.value : node.value.map(bytesOf).join('')
}

function oidOf(forge: Forge, node: Asn1): string {
  const { type, value } = memberAt(node, 0) ?? {}
  return type === forge.asn1.Type.OID && typeof value === 'string' ? forge.asn1.derToOid(value) : ''
}

/** 0 for what is not there; Infinity for a number of hundreds of bytes. */
function toNumber(integer: Asn1 | undefined): number {
  const digits = typeof integer?.value === 'string' ? [...integer.value] : []
  return digits.reduce((sum, digit) => sum * 256 + digit.charCodeAt(0), 0)
}
