/**
 * The state file: a journal of the changes of a simulator, in their order. Reading it repeats them at the same times,
 * so that nothing that got a response is lost, however the process ended. When it has grown, a snapshot replaces its
 * lines.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { LoggedRequests } from '../gateway/request-log.js'
import type { RawRequest } from '../http/server.js'
import type { SimulatorKeys } from '../keys/merchant.js'
import type { Act, ActOptions } from '../ledger/acts.js'
import type { Snapshot } from '../ledger/book.js'
import type { Span } from '../ledger/clock.js'
import type { LedgerSettings } from '../ledger/ledger-settings.js'
import type { NotificationProgress, NotificationsSnapshot } from '../notify/log.js'
import type { OutgoingNotification } from '../notify/outgoing.js'

/** A request as JSON. */
interface StoredRequest extends Omit<RawRequest, 'body' | 'certificate'> {
  /** Base64. */
  body: string
  /** Base64. */
  certificate?: string
}

/** A call of the test, such as a payment. */
export type Command =
  | { name: Act; number: string; options: ActOptions }
  | { name: 'advance'; span: Span }
  | { name: 'begin'; event_type: string; mchid: string; given: Readonly<Record<string, unknown>> }

/** The merchants and keys that a journal belongs to. */
export interface Owner {
  settings: LedgerSettings
  keys: SimulatorKeys
}

/** A snapshot that replaces the lines before it. */
export interface SimulatorSnapshot {
  ledger: Snapshot
  notifications: NotificationsSnapshot
  requests: LoggedRequests
}

/** A line of the journal; `t` is the machine's time. */
type Entry = { t: EpochMilliseconds } & (
  | Owner
  | { snapshot: SimulatorSnapshot }
  | { request: StoredRequest }
  | { command: Command }
  | { notification: OutgoingNotification }
  | { progress: NotificationProgress }
)

/** The functions that repeat the lines. */
export interface Redo {
  snapshot(snapshot: SimulatorSnapshot): void
  request(request: RawRequest): Promise<unknown>
  command(command: Command): void
  notification(notification: OutgoingNotification): void
  progress(progress: NotificationProgress): void
}

const VERSION = '{"wechatpay-simulator":2}\n'
/** This many lines after a snapshot are repeated in a fraction of a second. */
const SHORT = 1000
/** Bytes. Each 10 kB of a snapshot allow one more line, so that a large snapshot is not written too often. */
const BYTES_PER_LINE = 10_000

export class Journal {
  readonly #path: string
  #file: number
  #entries: readonly Entry[]
  /** The lines since the snapshot. */
  #lines: number
  #limit = SHORT

  /**
   * Opens the file, and creates it if there is none. A last line that was cut off is removed: its request got no
   * response.
   *
   * @throws InvalidArgumentError for a file that is not a journal. Node's error for one that is not writable.
   */
  constructor(path: string) {
    this.#path = path
    this.#file = openSync(path, 'a+', 0o600)
    const content = readFileSync(path, 'utf8')
    if (content !== '' && !content.startsWith(VERSION)) {
      closeSync(this.#file)
      throw new InvalidArgumentError(
        `\`state\` must be a file that this version of the simulator has written, or a new one; got ${path} with something else. Choose a different name.`,
      )
    }
    // Left over from a process that was killed before it had renamed the new file.
    rmSync(newFile(path), { force: true })
    const whole = content.slice(0, content.lastIndexOf('\n') + 1)
    if (whole.length < content.length) ftruncateSync(this.#file, Buffer.byteLength(whole))
    if (whole === '') writeSync(this.#file, VERSION)
    this.#entries = whole
      .split('\n')
      .slice(1, -1)
      .map(line => JSON.parse(line))
    this.#lines = this.#entries.length
  }

  /** Undefined for a new journal. */
  get owner(): Owner | undefined {
    return this.#entries.findLast(entry => 'keys' in entry)
  }

  /** Whether it has grown so much that a snapshot should replace its lines. */
  get isLong(): boolean {
    return this.#lines > this.#limit
  }

  /** Repeats everything. `at` is called with the time before each step. */
  async redo(redo: Redo, at: (time: EpochMilliseconds) => void): Promise<void> {
    for (const entry of this.#entries) {
      if ('snapshot' in entry) {
        redo.snapshot(entry.snapshot)
        continue
      }
      at(entry.t)
      if ('request' in entry) await redo.request(readRequest(entry.request))
      else if ('command' in entry) redo.command(entry.command)
      else if ('notification' in entry) redo.notification(entry.notification)
      else if ('progress' in entry) redo.progress(entry.progress)
    }
    this.#entries = []
  }

  addRequest({ body, certificate, ...request }: RawRequest, t: EpochMilliseconds): void {
    const stored = {
      ...request,
      body: body.toString('base64'),
      ...(certificate && { certificate: certificate.toString('base64') }),
    }
    this.add({ t, request: stored })
  }

  /** Synchronous: when it returns, the line is in the file even if the process is killed. */
  add(entry: Entry): void {
    writeSync(this.#file, lineOf(entry))
    this.#lines += 1
  }

  /**
   * Starts again with a snapshot. The file is replaced as a whole, so that a killed process leaves the old one or the
   * new one.
   */
  compact(t: EpochMilliseconds, owner: Owner, snapshot: SimulatorSnapshot): void {
    const begun = openSync(newFile(this.#path), 'w', 0o600)
    const line = lineOf({ t, snapshot })
    writeSync(begun, VERSION)
    writeSync(begun, lineOf({ t, ...owner }))
    writeAll(begun, Buffer.from(line))
    fsyncSync(begun)
    closeSync(begun)
    // Windows does not replace an open file.
    closeSync(this.#file)
    renameSync(newFile(this.#path), this.#path)
    this.#file = openSync(this.#path, 'a+', 0o600)
    this.#lines = 0
    this.#limit = Math.max(SHORT, line.length / BYTES_PER_LINE)
  }

  /** Forgets everything. */
  clear(): void {
    ftruncateSync(this.#file, 0)
    writeSync(this.#file, VERSION)
    this.#lines = 0
    this.#limit = SHORT
  }

  close(): void {
    closeSync(this.#file)
  }
}

function newFile(path: string): string {
  return `${path}.new`
}

function lineOf(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`
}

// A long line may need several writes.
function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
}

function readRequest({ body, certificate, ...request }: StoredRequest): RawRequest {
  return {
    ...request,
    body: Buffer.from(body, 'base64'),
    ...(certificate && { certificate: Buffer.from(certificate, 'base64') }),
  }
}
