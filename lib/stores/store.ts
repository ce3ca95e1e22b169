/** Where processes share what they know: downloaded certificates, notifications already seen. */

/**
 * A small store of texts that expire. Several processes may use it at once; `add` is what they take turns by. Values
 * need not be kept secret by it, and are not trusted when they are read back.
 */
export interface Store {
  get(key: string): Promise<string | undefined>
  /** Replaces what is there; `ttl` in seconds. */
  set(key: string, value: string, ttl: number): Promise<void>
  /** Sets only what is absent or expired, in one step: true for exactly one of those who try. */
  add(key: string, value: string, ttl: number): Promise<boolean>
  delete(key: string): Promise<void>
}
