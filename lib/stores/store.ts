/** Stores that processes share, for downloaded certificates and handled notifications. */

/**
 * A small store of strings that expire. Several processes may use it at once, and take turns with `add`. It need not keep
 * its values secret, and they are not trusted when they are read back.
 */
export interface Store {
  get(key: string): Promise<string | undefined>
  /** Replaces the value. `ttl` is in seconds. */
  set(key: string, value: string, ttl: number): Promise<void>
  /** Sets a key that is absent or expired, in one step: of several callers, exactly one gets true. */
  add(key: string, value: string, ttl: number): Promise<boolean>
  delete(key: string): Promise<void>
  /**
   * Deletes the key if its value is still `value`, in one step: this is how a process releases its own lock. Optional;
   * without it the value is read and then deleted, and a lock that expires between the two may be taken from its new
   * owner.
   */
  deleteIf?(key: string, value: string): Promise<void>
}

/** Deletes the key if its value is still `value`. */
export async function deleteIf(store: Store, key: string, value: string): Promise<void> {
  if (store.deleteIf) await store.deleteIf(key, value)
  else if ((await store.get(key)) === value) await store.delete(key)
}
