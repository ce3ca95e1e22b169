/** The DER of an SM2 ciphertext (GM/T 0009): the point C1, the digest C3, and the encrypted bytes C2. */
import { Buffer } from 'node:buffer'
import { encodeDer, membersOfDer } from './der.js'

export interface Sm2Ciphertext {
  /** 65 bytes: 04, x, y. */
  readonly point: Uint8Array
  /** 32 bytes. */
  readonly digest: Uint8Array
  readonly encrypted: Uint8Array
}

const INTEGER = 0x02
const OCTET_STRING = 0x04
const SEQUENCE = 0x30
const SIZE = 32

export function encodeSm2Ciphertext({ point, digest, encrypted }: Sm2Ciphertext): Buffer {
  return encodeDer(
    SEQUENCE,
    Buffer.concat([
      encodeInteger(point.subarray(1, 1 + SIZE)),
      encodeInteger(point.subarray(1 + SIZE)),
      encodeDer(OCTET_STRING, digest),
      encodeDer(OCTET_STRING, encrypted),
    ]),
  )
}

/** The parts of one complete ciphertext, or undefined for anything else. Whether the point is on the curve is not checked. */
export function decodeSm2Ciphertext(bytes: Uint8Array): Sm2Ciphertext | undefined {
  const members = membersOfDer(bytes)
  const [x, y, digest, encrypted] = members ?? []
  if (members?.length !== 4 || digest?.tag !== OCTET_STRING || encrypted?.tag !== OCTET_STRING) return undefined
  const coordinates = [x, y].map(member => (member?.tag === INTEGER ? decodeInteger(member.content) : undefined))
  const [left, right] = coordinates
  if (!left || !right || digest.content.length !== SIZE || encrypted.content.length === 0) return undefined
  return {
    point: Buffer.concat([Buffer.of(4), left, right]),
    digest: digest.content,
    encrypted: encrypted.content,
  }
}

// An INTEGER is signed and has no superfluous leading zero.
function encodeInteger(unsigned: Uint8Array): Buffer {
  const first = unsigned.findIndex(byte => byte !== 0)
  const digits = unsigned.subarray(first < 0 ? unsigned.length - 1 : first)
  const isHigh = (digits[0] ?? 0) >= 0x80
  return encodeDer(INTEGER, isHigh ? Buffer.concat([Buffer.of(0), digits]) : digits)
}

/** The 32 bytes of a number that is not negative. */
function decodeInteger(content: Uint8Array): Buffer | undefined {
  const [first = 0x80, second = 0x80] = content
  const isMinimal = content.length > 0 && first < 0x80 && !(first === 0 && content.length > 1 && second < 0x80)
  const digits = first === 0 ? content.subarray(1) : content
  if (!isMinimal || digits.length > SIZE) return undefined
  return Buffer.concat([Buffer.alloc(SIZE - digits.length), digits])
}
