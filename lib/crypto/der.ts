/** The kind of key, certificate or ciphertext that DER bytes hold, recognised by their outer structure alone (X.690). */
import { Buffer } from 'node:buffer'

/** The structures that are recognised; the names of four of them are also the prefixes of inline keys. */
export type DerFormat =
  | 'private.pkcs1'
  | 'public.pkcs1'
  | 'private.pkcs8'
  | 'encrypted.pkcs8'
  | 'private.sec1'
  | 'public.spki'
  | 'pkcs12'
  | 'certificate'
  | 'sm2.ciphertext'

const SEQUENCE = 0x30

/** The tags of a structure's members: INTEGER 02, BIT STRING 03, OCTET STRING 04, SEQUENCE 30, context-specific a0 a1. */
const SHAPES: readonly (readonly [RegExp, DerFormat])[] = [
  [/^02(02){8}/, 'private.pkcs1'],
  [/^0202$/, 'public.pkcs1'],
  [/^023004/, 'private.pkcs8'],
  [/^3004$/, 'encrypted.pkcs8'],
  [/^0204/, 'private.sec1'],
  [/^3003$/, 'public.spki'],
  [/^0230(30)?$/, 'pkcs12'],
  [/^303003$/, 'certificate'],
  [/^02020404$/, 'sm2.ciphertext'],
]

/** The format of one complete DER structure, or undefined for anything else. */
export function identifyDer(bytes: Uint8Array): DerFormat | undefined {
  const shape = membersOfDer(bytes)?.map(({ tag }) => tag.toString(16).padStart(2, '0'))
  return shape && SHAPES.find(([pattern]) => pattern.test(shape.join('')))?.[1]
}

/** A member of a structure; `encoded` is all of it, `content` is what its length counts. */
export interface DerMember {
  readonly tag: number
  readonly encoded: Uint8Array
  readonly content: Uint8Array
}

/** The members of one complete SEQUENCE, or undefined for anything else. */
export function membersOfDer(bytes: Uint8Array): DerMember[] | undefined {
  const outer = readHeader(bytes, 0)
  if (outer?.tag !== SEQUENCE || outer.end !== bytes.length) return undefined
  const members: DerMember[] = []
  for (let at = outer.start; at < outer.end; ) {
    const header = readHeader(bytes, at)
    if (header === undefined || header.end > outer.end) return undefined
    const { tag, start, end } = header
    members.push({ tag, encoded: bytes.subarray(at, end), content: bytes.subarray(start, end) })
    at = end
  }
  return members
}

interface Header {
  tag: number
  /** The range of the content. */
  start: number
  end: number
}

function readHeader(bytes: Uint8Array, at: number): Header | undefined {
  const [tag, first] = bytes.subarray(at, at + 2)
  if (tag === undefined || first === undefined) return undefined
  if (first < 0x80) return { tag, start: at + 2, end: at + 2 + first }
  const size = first & 0x7f
  const digits = bytes.subarray(at + 2, at + 2 + size)
  if (size === 0 || digits.length < size) return undefined
  const length = digits.reduce((sum, digit) => sum * 256 + digit, 0)
  return { tag, start: at + 2 + size, end: at + 2 + size + length }
}

/** A DER element: tag, length in the fewest bytes, content. */
export function encodeDer(tag: number, content: Uint8Array): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content])
  const digits: number[] = []
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return Buffer.concat([Buffer.of(tag, 0x80 + digits.length, ...digits), content])
}
