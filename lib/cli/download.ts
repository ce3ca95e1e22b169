/** Saves a response to a file, which appears when it is complete. On a terminal, the progress is shown. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, createWriteStream, existsSync, realpathSync, statSync, type WriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EXIT, Failure } from './exit-codes.js'
import type { Terminal } from './terminal.js'

/** Milliseconds. */
const INTERVAL = 200
/** Bills and images are personal data. */
const OWNER_ONLY = 0o600

export class Download {
  /** The target of symbolic links. */
  readonly #path: string
  readonly #terminal: Terminal
  /** The mode of the existing file. */
  readonly #mode: number
  #file: WriteStream | undefined
  #timer: NodeJS.Timeout | undefined

  /** @throws Failure for an existing folder or device, which must not be replaced. */
  constructor(path: string, terminal: Terminal) {
    this.#path = existsSync(path) ? realpathSync(path) : path
    this.#terminal = terminal
    const present = statSync(this.#path, { throwIfNoEntry: false })
    if (present && !present.isFile()) throw new Failure(EXIT.usage, terminal.words.call.unwritable(path))
    this.#mode = present ? present.mode & 0o777 : OWNER_ONLY
  }

  /**
   * A new temporary file beside the path. A new file can be read by its owner only.
   *
   * @throws Failure if it cannot be written.
   */
  async begin(): Promise<WriteStream> {
    await this.discard()
    const name = `.${basename(this.#path)}.${randomBytes(6).toString('hex')}.part`
    const file = createWriteStream(join(dirname(this.#path), name), { flags: 'wx', mode: this.#mode })
    try {
      await once(file, 'open')
      // A new file gets the default mode of the process.
      chmodSync(file.path, this.#mode)
    } catch {
      throw new Failure(EXIT.usage, this.#terminal.words.call.unwritable(this.#path))
    }
    this.#file = file
    if (this.#terminal.stderr.isTTY) this.#timer = setInterval(() => this.#show(file), INTERVAL)
    return file
  }

  /** Renames the temporary file to the path. */
  async keep(): Promise<void> {
    const file = this.#file
    if (!file) return
    this.#end()
    if (!file.closed) await once(file.end(), 'close')
    await rename(file.path, this.#path)
    this.#terminal.note(this.#terminal.words.call.saved(this.#path, file.bytesWritten))
  }

  async discard(): Promise<void> {
    const file = this.#file
    this.#end()
    if (!file) return
    file.destroy()
    await rm(file.path, { force: true })
  }

  #show({ bytesWritten }: WriteStream): void {
    this.#terminal.stderr.write(`\r\u001B[K${this.#terminal.words.call.progress(bytesWritten)}`)
  }

  #end(): void {
    if (this.#timer) {
      clearInterval(this.#timer)
      this.#terminal.stderr.write('\r\u001B[K')
    }
    this.#timer = undefined
    this.#file = undefined
  }
}
