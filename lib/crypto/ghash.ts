/** GHASH, which authenticates what GCM encrypts (NIST SP 800-38D section 6.4), four bits at a time. */
import { Buffer } from 'node:buffer'

const BLOCK = 16
/** A block is four words; the polynomial's lowest power is the highest bit of the first word. */
const WORDS = 4

/** The values that the four bits leaving a block on the right add to its first word. */
const REDUCTION = Uint32Array.from({ length: 16 }, (_, nibble) => {
  const block = Uint32Array.of(0, 0, 0, nibble)
  for (let bit = 0; bit < 4; bit++) timesX(block)
  return block[0] ?? 0
})

/** Multiplies a block by x: one bit to the right, reduced. */
function timesX(block: Uint32Array): void {
  const [a = 0, b = 0, c = 0, d = 0] = block
  const reduction = d & 1 ? 0xe1000000 : 0
  block.set([(a >>> 1) ^ reduction, (b >>> 1) | (a << 31), (c >>> 1) | (b << 31), (d >>> 1) | (c << 31)])
}

/** The digest of blocks; whatever is added is padded to whole blocks when {@link pad} is called. */
export class Ghash {
  /** The multiples of the key by every four bits. */
  readonly #multiples = new Uint32Array(16 * WORDS)
  readonly #state = new Uint32Array(WORDS)
  readonly #partial = Buffer.alloc(BLOCK)
  #filled = 0

  constructor(key: Buffer) {
    const block = Uint32Array.from({ length: WORDS }, (_, word) => key.readUInt32BE(word * 4))
    for (let power = 8; power > 0; power >>= 1) {
      for (let nibble = 0; nibble < 16; nibble++) if (nibble & power) this.#add(nibble, block)
      timesX(block)
    }
  }

  #add(nibble: number, block: Uint32Array): void {
    block.forEach((word, index) => {
      const at = nibble * WORDS + index
      this.#multiples[at] = (this.#multiples[at] ?? 0) ^ word
    })
  }

  update(bytes: Uint8Array): this {
    let at = 0
    if (this.#filled > 0) {
      at = Math.min(BLOCK - this.#filled, bytes.length)
      this.#partial.set(bytes.subarray(0, at), this.#filled)
      this.#filled += at
      if (this.#filled < BLOCK) return this
      this.#absorb(this.#partial, 0)
      this.#filled = 0
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) this.#absorb(bytes, at)
    this.#partial.set(bytes.subarray(at))
    this.#filled = bytes.length - at
    return this
  }

  /** Completes the last block with zeros. */
  pad(): this {
    if (this.#filled > 0) this.update(Buffer.alloc(BLOCK - this.#filled))
    return this
  }

  digest(): Buffer {
    const digest = Buffer.alloc(BLOCK)
    this.#state.forEach((word, index) => {
      digest.writeUInt32BE(word, index * 4)
    })
    return digest
  }

  /** Adds one block to the state, and multiplies the state by the key, from the highest power down. */
  #absorb(bytes: Uint8Array, at: number): void {
    const state = this.#state
    const multiples = this.#multiples
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    for (let index = BLOCK - 1; index >= 0; index--) {
      const byte = (bytes[at + index] ?? 0) ^ (((state[index >> 2] ?? 0) >>> (24 - (index & 3) * 8)) & 0xff)
      for (const nibble of [byte & 15, byte >> 4]) {
        const reduction = REDUCTION[d & 15] ?? 0
        d = ((d >>> 4) | (c << 28)) ^ (multiples[nibble * WORDS + 3] ?? 0)
        c = ((c >>> 4) | (b << 28)) ^ (multiples[nibble * WORDS + 2] ?? 0)
        b = ((b >>> 4) | (a << 28)) ^ (multiples[nibble * WORDS + 1] ?? 0)
        a = (a >>> 4) ^ reduction ^ (multiples[nibble * WORDS] ?? 0)
      }
    }
    state[0] = a
    state[1] = b
    state[2] = c
    state[3] = d
  }
}
