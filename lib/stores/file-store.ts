/** A store in a directory: for processes on one machine, or on a file system that they share. */
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidArgumentError } from '../errors.js'
import type { EpochMilliseconds } from '../util/beijing-time.js'
import { kindOf } from '../util/wording.js'
import type { Store } from './store.js'

const SWEEP_INTERVAL = 60 * 60 * 1000
/** Milliseconds from the expiry of an entry until it is removed, so that no process is still replacing it. */
const SWEEP_AFTER = 60 * 60 * 1000
/** A sweep continues with the next write, so that no write waits for a large directory. */
const SWEPT_AT_ONCE = 10
/** The names of this store's entries; other files in the directory are not touched. */
const KEY_FOLDER = /^[0-9a-f]{64}$/
const TEMPORARY = /^[0-9a-f-]{36}\.tmp$/
/** Begins the file of a value; that of a deletion is empty. */
const VALUE = '='

/** One state of a key. Its file is named by its number, and never changes. */
interface Version {
  readonly number: number
  /** The numbers of all versions that were there. */
  readonly numbers: ReadonlySet<number>
  /** Undefined when the key was deleted. */
  readonly value: string | undefined
  /** For a deleted key, the time of its deletion. */
  readonly expires: EpochMilliseconds
}

/** The next state of a key. `ttl` is in seconds. */
interface Change {
  readonly value: string | undefined
  readonly ttl: number
}

const DELETION: Change = { value: undefined, ttl: 0 }

/** The next state of a key with this live value; undefined leaves it as it is. */
type Decide = (present: string | undefined) => Change | undefined

/**
 * Keeps one folder per key in `directory`, which is created by the first write; only this user may read it. Values expire
 * by the clock of the file system, so the clocks of machines that share one may differ. The file system must support hard
 * links. The methods reject with the errors of the file system. `now` replaces the clock in tests.
 *
 * @throws InvalidArgumentError unless `directory` is a path or a file:// URL.
 */
export class FileStore implements Store {
  readonly #directory: string
  readonly #now: (() => EpochMilliseconds) | undefined
  #sweptAt: EpochMilliseconds | undefined
  #unswept: string[] = []

  constructor(directory: string | URL, { now }: { now?: () => EpochMilliseconds } = {}) {
    if (!(directory instanceof URL) && (typeof directory !== 'string' || directory === '')) {
      const found = directory === '' ? 'an empty string' : kindOf(directory)
      throw new InvalidArgumentError(
        `\`directory\` of FileStore must be the path of a directory or its file:// URL; got ${found}.`,
      )
    }
    this.#directory = /^file:\/\//i.test(String(directory)) ? fileURLToPath(directory) : String(directory)
    this.#now = now
  }

  async get(key: string): Promise<string | undefined> {
    const latest = await latestVersion(this.#folderOf(key))
    if (latest?.value === undefined) return undefined
    return await this.#withTemporary((_file, now) => liveValue(latest, now))
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    await this.#change(key, () => ({ value, ttl }))
  }

  async add(key: string, value: string, ttl: number): Promise<boolean> {
    return await this.#change(key, present => (present === undefined ? { value, ttl } : undefined))
  }

  async delete(key: string): Promise<void> {
    await this.#change(key, present => (present === undefined ? undefined : DELETION))
  }

  async deleteIf(key: string, value: string): Promise<void> {
    await this.#change(key, present => (present === value ? DELETION : undefined))
  }

  // A digest: a key may contain characters that a file name may not, and some file systems ignore case.
  #folderOf(key: string): string {
    return join(this.#directory, createHash('sha256').update(key).digest('hex'))
  }

  /** Whether the key has a new version, rather than being left as it is. */
  async #change(key: string, decide: Decide): Promise<boolean> {
    const isChanged = await this.#changeFolder(this.#folderOf(key), decide)
    if (isChanged) await this.#sweep()
    return isChanged
  }

  // Without a lock, which a process that dies would leave behind: of all processes that follow the same version, the file
  // system lets exactly one create the next. The others decide again.
  async #changeFolder(folder: string, decide: Decide): Promise<boolean> {
    for (;;) {
      const latest = await latestVersion(folder)
      if (!latest && decide(undefined) === undefined) return false
      if (!latest) {
        await mkdir(this.#directory, { recursive: true, mode: 0o700 })
        // Not recursively: that fails when a sweep removes the folder at the same moment.
        await mkdir(folder, 0o700).catch(unless('EEXIST', undefined))
      }
      const outcome = await this.#withTemporary(async (file, now) => {
        const change = decide(latest && liveValue(latest, now))
        return change ? await addVersion(folder, latest, { ...file, change, now }) : 'unchanged'
      })
      if (outcome !== 'overtaken') return outcome === 'changed'
    }
  }

  /** Calls `use` with a new empty file, and the time by the clock of the file system. */
  async #withTemporary<T>(use: (file: TemporaryFile, now: EpochMilliseconds) => T | Promise<T>): Promise<T> {
    const path = join(this.#directory, `${randomUUID()}.tmp`)
    const handle = await open(path, 'wx', 0o600)
    try {
      const { mtimeMs } = await handle.stat()
      return await use({ path, handle }, this.#now?.() ?? mtimeMs)
    } finally {
      await handle.close()
      await rm(path, { force: true })
    }
  }

  async #sweep(): Promise<void> {
    const now = this.#now?.() ?? Date.now()
    this.#sweptAt ??= now
    if (this.#unswept.length === 0 && now - this.#sweptAt >= SWEEP_INTERVAL) {
      this.#sweptAt = now
      this.#unswept = await readdir(this.#directory)
    }
    for (const name of this.#unswept.splice(-SWEPT_AT_ONCE)) {
      const path = join(this.#directory, name)
      if (TEMPORARY.test(name)) await this.#sweepFile(path)
      else if (KEY_FOLDER.test(name)) await this.#sweepFolder(path)
    }
  }

  async #sweepFile(path: string): Promise<void> {
    const modified = await stat(path).then(({ mtimeMs }) => mtimeMs, unless('ENOENT', Number.POSITIVE_INFINITY))
    if (await this.#isLongPast(modified)) await rm(path, { force: true })
  }

  async #sweepFolder(folder: string): Promise<void> {
    const latest = await latestVersion(folder)
    if (latest && !(await this.#isLongPast(latest.expires))) return
    await removeVersions(folder, latest?.numbers ?? new Set())
    await rmdir(folder).catch((error: unknown) => {
      // A different process has just added a version, or removed the folder.
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'ENOENT') throw error
    })
  }

  #isLongPast(time: EpochMilliseconds): Promise<boolean> {
    return this.#withTemporary((_file, now) => time < now - SWEEP_AFTER)
  }
}

interface TemporaryFile {
  readonly path: string
  readonly handle: FileHandle
}

function liveValue({ value, expires }: Version, now: EpochMilliseconds): string | undefined {
  return expires > now ? value : undefined
}

/** The highest version of a key. A new one may replace it at any time. */
async function latestVersion(folder: string): Promise<Version | undefined> {
  for (;;) {
    const numbers = await versionNumbers(folder)
    if (numbers.size === 0) return undefined
    const number = Math.max(...numbers)
    const handle = await open(join(folder, String(number))).catch(unless('ENOENT', undefined))
    if (!handle) continue
    try {
      const { mtimeMs } = await handle.stat()
      const content = await handle.readFile('utf8')
      return { number, numbers, value: content === '' ? undefined : content.slice(VALUE.length), expires: mtimeMs }
    } finally {
      await handle.close()
    }
  }
}

async function versionNumbers(folder: string): Promise<Set<number>> {
  const names = await readdir(folder).catch(unless('ENOENT', []))
  return new Set(names.filter(name => /^\d{1,15}$/.test(name)).map(Number))
}

interface Addition extends TemporaryFile {
  readonly change: Change
  readonly now: EpochMilliseconds
}

async function addVersion(
  folder: string,
  latest: Version | undefined,
  { path, handle, change: { value, ttl }, now }: Addition,
): Promise<'changed' | 'overtaken'> {
  if (value !== undefined) await handle.writeFile(VALUE + value)
  // The expiry is the modification time.
  const expires = now / 1000 + ttl
  await handle.utimes(expires, expires)
  await handle.close()
  // The first number is the hour: processes that begin a key together begin with the same one, which the file system lets
  // one of them create. A key is swept after an hour at the earliest, so its numbers do not come back.
  const number = latest ? latest.number + 1 : Math.floor(now / SWEEP_AFTER) * SWEEP_AFTER
  const version = join(folder, String(number))
  if (!(await createLink(path, version))) return 'overtaken'
  // A slow process may follow a version that others have followed and removed.
  const others = await versionNumbers(folder)
  others.delete(number)
  const seen = latest?.numbers ?? new Set()
  if ([...others].some(other => !seen.has(other))) {
    await rm(version, { force: true })
    return 'overtaken'
  }
  await removeVersions(folder, others)
  return 'changed'
}

/** False when `path` exists, or when a sweep has removed its folder. */
async function createLink(file: string, path: string): Promise<boolean> {
  try {
    await link(file, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    if (codeOf(error) !== 'EEXIST') throw error
    // A network file system may create the link and lose the response.
    return (await stat(file)).nlink > 1
  }
}

async function removeVersions(folder: string, numbers: Iterable<number>): Promise<void> {
  for (const number of numbers) await rm(join(folder, String(number)), { force: true })
}

function unless<T>(code: string, value: T): (error: unknown) => T {
  return error => {
    if (codeOf(error) === code) return value
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
