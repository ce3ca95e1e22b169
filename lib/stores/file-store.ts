/** A store in a directory: for processes on one machine, or on a file system that they share. */
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { InvalidArgumentError } from '../errors.js'
import type { EpochMilliseconds } from '../util/beijing-time.js'
import { kindOf } from '../util/wording.js'
import type { Store } from './store.js'

const SWEEP_INTERVAL = 60 * 60 * 1000
/** Milliseconds. A lock is held for a few file operations; one that is older was left by a process that died. */
const STALE_LOCK = 10_000
const LOCK_POLL = 5
const PRIVATE_DIRECTORY = { recursive: true, mode: 0o700 }
/** Milliseconds. Only files that expired long ago are removed, so that no process is about to replace one. */
const SWEEP_AFTER = 60 * 60 * 1000
/** The names of this store's files; other files in the directory are not touched. */
const OWN_NAME = /^[0-9a-f]{64}(?:\.lock)?$|^[0-9a-f-]{36}\.tmp$/

/**
 * Keeps one file per key in `directory`, which is created by the first write; only this user may read the files. `now`
 * returns the time. The methods reject with the errors of the file system.
 *
 * @throws InvalidArgumentError unless `directory` is a path or a file:// URL.
 */
export class FileStore implements Store {
  readonly #directory: string
  readonly #now: () => EpochMilliseconds
  #sweptAt: EpochMilliseconds

  constructor(directory: string | URL, { now = () => Date.now() }: { now?: () => EpochMilliseconds } = {}) {
    if (!(directory instanceof URL) && (typeof directory !== 'string' || directory === '')) {
      const found = directory === '' ? 'an empty string' : kindOf(directory)
      throw new InvalidArgumentError(
        `\`directory\` of FileStore must be the path of a directory or its file:// URL; got ${found}.`,
      )
    }
    this.#directory = /^file:\/\//i.test(String(directory)) ? fileURLToPath(directory) : String(directory)
    this.#now = now
    this.#sweptAt = now()
  }

  async get(key: string): Promise<string | undefined> {
    return this.#readLive(this.#fileOf(key))
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    const file = this.#fileOf(key)
    await mkdir(this.#directory, PRIVATE_DIRECTORY)
    await withLock(`${file}.lock`, () => this.#write(file, value, ttl))
    await this.#sweep()
  }

  async add(key: string, value: string, ttl: number): Promise<boolean> {
    const file = this.#fileOf(key)
    if ((await this.#readLive(file)) !== undefined) return false
    await mkdir(this.#directory, PRIVATE_DIRECTORY)
    const isAdded = await withLock(`${file}.lock`, async () => {
      if ((await this.#readLive(file)) !== undefined) return false
      await this.#write(file, value, ttl)
      return true
    })
    await this.#sweep()
    return isAdded
  }

  async delete(key: string): Promise<void> {
    await rm(this.#fileOf(key), { force: true })
  }

  async deleteIf(key: string, value: string): Promise<void> {
    const file = this.#fileOf(key)
    if ((await this.#readLive(file)) !== value) return
    await withLock(`${file}.lock`, async () => {
      if ((await this.#readLive(file)) === value) await rm(file, { force: true })
    })
  }

  // A digest: a key may contain characters that a file name may not, and some file systems ignore case.
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

  async #write(file: string, value: string, ttl: number): Promise<void> {
    const temporary = join(this.#directory, `${randomUUID()}.tmp`)
    await writeFile(temporary, value, { mode: 0o600 })
    // The expiry is the modification time, so that a sweep need not open the file.
    const expires = this.#now() / 1000 + ttl
    await utimes(temporary, expires, expires)
    await rename(temporary, file)
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
