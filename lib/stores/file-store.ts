/** A store in a directory: for processes on one machine, or on a file system that they share. */
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { InvalidArgumentError } from '../errors.js'
import type { Store } from './store.js'

const SWEEP_INTERVAL = 60 * 60 * 1000
/** A lock is held for a few file operations; one that is this old was left by a process that died. */
const STALE_LOCK = 10_000
const LOCK_POLL = 5
const PRIVATE_DIRECTORY = { recursive: true, mode: 0o700 }
/** What is swept is long expired, so that nobody is about to take it over. */
const SWEEP_AFTER = 60 * 60 * 1000
/** The names of this store's files; a directory may hold others, which stay. */
const OWN_NAME = /^[0-9a-f]{64}(?:\.lock)?$|^[0-9a-f-]{36}\.tmp$/

/**
 * Keeps one file per key in `directory`, which is made when it is first written to; only this user may read them.
 * `now` gives the time in milliseconds since 1970.
 *
 * @throws InvalidArgumentError for a directory that is not named; file system errors come as they are (as rejections).
 */
export class FileStore implements Store {
  readonly #directory: string
  readonly #now: () => number
  #sweptAt: number

  constructor(directory: string | URL, { now = Date.now }: { now?: () => number } = {}) {
    if (!(directory instanceof URL) && (typeof directory !== 'string' || directory === '')) {
      throw new InvalidArgumentError('FileStore: expected the path of a directory, or its file:// URL.')
    }
    this.#directory = /^file:\/\//i.test(String(directory)) ? fileURLToPath(directory) : String(directory)
    this.#now = now
    this.#sweptAt = now()
  }

  async get(key: string): Promise<string | undefined> {
    return this.#readLive(this.#fileOf(key))
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    await mkdir(this.#directory, PRIVATE_DIRECTORY)
    const aside = join(this.#directory, `${randomUUID()}.tmp`)
    await writeFile(aside, value, { mode: 0o600 })
    // The expiry is the file's time of change, so that sweeping need not open it.
    const expires = this.#now() / 1000 + ttl
    await utimes(aside, expires, expires)
    await rename(aside, this.#fileOf(key))
    await this.#sweep()
  }

  async add(key: string, value: string, ttl: number): Promise<boolean> {
    const file = this.#fileOf(key)
    if ((await this.#readLive(file)) !== undefined) return false
    await mkdir(this.#directory, PRIVATE_DIRECTORY)
    return withLock(`${file}.lock`, async () => {
      if ((await this.#readLive(file)) !== undefined) return false
      await this.set(key, value, ttl)
      return true
    })
  }

  async delete(key: string): Promise<void> {
    await rm(this.#fileOf(key), { force: true })
  }

  // A digest, since a key may hold what a file name may not, and file systems may ignore case.
  #fileOf(key: string): string {
    return join(this.#directory, createHash('sha256').update(key).digest('hex'))
  }

  async #readLive(file: string): Promise<string | undefined> {
    const handle = await openExisting(file)
    try {
      const expires = (await handle?.stat())?.mtimeMs ?? 0
      return expires > this.#now() ? await handle?.readFile('utf8') : undefined
    } finally {
      await handle?.close()
    }
  }

  async #sweep(): Promise<void> {
    const now = this.#now()
    if (now - this.#sweptAt < SWEEP_INTERVAL) return
    this.#sweptAt = now
    for (const name of await readdir(this.#directory)) {
      if (!OWN_NAME.test(name)) continue
      const file = join(this.#directory, name)
      const expires = await modifiedAt(file)
      if (expires !== undefined && expires < now - SWEEP_AFTER) await rm(file, { force: true })
    }
  }
}

async function withLock<T>(lock: string, run: () => Promise<T>): Promise<T> {
  while (!(await takeLock(lock))) {
    const takenAt = await modifiedAt(lock)
    if (takenAt !== undefined && Date.now() - takenAt > STALE_LOCK) await rm(lock, { force: true })
    else await delay(LOCK_POLL)
  }
  try {
    return await run()
  } finally {
    await rm(lock, { force: true })
  }
}

function takeLock(lock: string): Promise<boolean> {
  return writeFile(lock, '', { flag: 'wx', mode: 0o600 }).then(() => true, unless('EEXIST', false))
}

function openExisting(file: string): Promise<FileHandle | undefined> {
  return open(file).catch(unless('ENOENT', undefined))
}

function modifiedAt(file: string): Promise<number | undefined> {
  return stat(file).then(({ mtimeMs }) => mtimeMs, unless('ENOENT', undefined))
}

function unless<T>(code: string, value: T): (error: unknown) => T {
  return error => {
    if (error instanceof Error && 'code' in error && error.code === code) return value
    throw error
  }
}
