/** Things that operations without a product module have created, and all used merchant numbers. */
import type { Book } from './book.js'
import { isSame } from './same.js'

/** Values by the names of their fields. */
export type Values = Readonly<Record<string, unknown>>

/** Something that was created. */
export interface Created {
  readonly mchid: string
  /** The path of the operation that created it. */
  readonly source: string
  /** The values of the request and of later changes. */
  sent: Values
  /** The values of the response. */
  readonly returned: Values
}

/** A response for repetition. */
export interface KeptResponse {
  statusCode: number
  body: string
}

/** The first request with a merchant number. */
interface Numbered {
  readonly content: unknown
  readonly response: KeptResponse
}

export class Records {
  readonly #created: Map<string, Created>
  /** The newest thing by each of its numbers. */
  readonly #index: Map<string, { id: string }>
  readonly #numbers: Map<string, Numbered>
  readonly #book: Book

  constructor(book: Book) {
    this.#book = book
    this.#created = book.table('created')
    this.#index = book.table('created.index')
    this.#numbers = book.table('numbers')
  }

  /** `keys` are the fields by which it can be found. */
  add(created: Created, keys: readonly string[]): void {
    const id = this.#book.number('', this.#book.clock.now(), 10)
    this.#created.set(id, created)
    for (const key of keys) this.#index.set(keyOf(created, key, fieldOf(created, key)), { id })
  }

  /** The newest thing from these sources that has the given values. The last value is the most specific. */
  find(mchid: string, sources: readonly string[], given: Values): Created | undefined {
    const entries = Object.entries(given)
    for (const [name, value] of entries.toReversed()) {
      for (const source of sources) {
        const found = this.#created.get(this.#index.get(keyOf({ mchid, source }, name, value))?.id ?? '')
        if (found && entries.every(([other, expected]) => isCompatible(fieldOf(found, other), expected))) return found
      }
    }
    return undefined
  }

  /** From now on it cannot be found. */
  remove(created: Created): void {
    for (const [id, other] of this.#created) if (other === created) this.#created.delete(id)
  }

  /**
   * The response to the first request with a number; undefined for a new number. Throws `conflict()` when the content of
   * the first request was different.
   */
  repeated(number: string, content: unknown, conflict: () => Error): KeptResponse | undefined {
    const known = this.#numbers.get(number)
    if (!known) return undefined
    if (!isSame(known.content, content)) throw conflict()
    return known.response
  }

  keep(number: string, content: unknown, { statusCode, body }: KeptResponse): void {
    this.#numbers.set(number, { content, response: { statusCode, body } })
  }
}

function keyOf({ mchid, source }: Pick<Created, 'mchid' | 'source'>, name: string, value: unknown): string {
  return JSON.stringify([mchid, source, name, String(value)])
}

function fieldOf({ sent, returned }: Created, name: string): unknown {
  return returned[name] ?? sent[name]
}

// A missing field is no contradiction.
function isCompatible(found: unknown, expected: unknown): boolean {
  return found === undefined || String(found) === String(expected)
}
