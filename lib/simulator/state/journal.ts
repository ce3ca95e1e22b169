/**
 * The state file: a journal of what changed a simulator, in its order. Reading it does the same again at the same times,
 * so it holds what was answered, however the process ended.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { RawRequest } from '../http/server.js'
import type { SimulatorKeys } from '../keys/merchant.js'
import type { Act, ActOptions } from '../ledger/acts.js'
import type { Span } from '../ledger/clock.js'
import type { LedgerSettings } from '../ledger/ledger.js'
import type { NotificationProgress } from '../notify/notifications.js'
import type { OutgoingNotification } from '../notify/outgoing.js'

/** A request as JSON can hold it. */
interface StoredRequest extends Omit<RawRequest, 'body' | 'certificate'> {
  /** Base64. */
  body: string
  /** Base64. */
  certificate?: string
}

/** What the payer or the test did. */
export type Command =
  | { name: Act; number: string; options: ActOptions }
  | { name: 'advance'; span: Span }
  | { name: 'begin'; event_type: string; mchid: string; given: Readonly<Record<string, unknown>> }

/** Whom a journal belongs to. */
export interface Owner {
  settings: LedgerSettings
  keys: SimulatorKeys
}

/** A line of the journal; `t` is the machine's time. */
type Entry = { t: EpochMilliseconds } & (
  | Owner
  | { request: StoredRequest }
  | { command: Command }
  | { notification: OutgoingNotification }
  | { progress: NotificationProgress }
)

/** Does again what a line says. */
export interface Redo {
  request(request: RawRequest): Promise<unknown>
  command(command: Command): void
  notification(notification: OutgoingNotification): void
  progress(progress: NotificationProgress): void
}

const VERSION = '{"wechatpay-simulator":1}\n'

export class Journal {
  readonly #file: number
  #entries: readonly Entry[]

  /**
   * Opens the file, and creates it if there is none. A last line that was cut off, whose request was never answered, is removed.
   *
   * @throws InvalidArgumentError for a file that is no journal. Node's error for one that cannot be written.
   */
  constructor(path: string) {
    this.#file = openSync(path, 'a+', 0o600)
    const text = readFileSync(path, 'utf8')
    if (text !== '' && !text.startsWith(VERSION)) {
      closeSync(this.#file)
      throw new InvalidArgumentError(
        `\`state\` must be a file that a simulator has written, or a new one; got ${path} with something else. Choose a different name.`,
      )
    }
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    if (whole.length < text.length) ftruncateSync(this.#file, Buffer.byteLength(whole))
    if (whole === '') writeSync(this.#file, VERSION)
    this.#entries = whole
      .split('\n')
      .slice(1, -1)
      .map(line => JSON.parse(line))
  }

  /** Undefined for a new journal. */
  get owner(): Owner | undefined {
    return this.#entries.findLast(entry => 'keys' in entry)
  }

  /** Does everything again. `at` is told the time before each step. */
  async redo(redo: Redo, at: (time: EpochMilliseconds) => void): Promise<void> {
    for (const entry of this.#entries) {
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

  /** Resolves nothing and waits for nothing: when it returns, the line outlives the process. */
  add(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`)
  }

  /** Forgets everything. */
  clear(): void {
    ftruncateSync(this.#file, 0)
    writeSync(this.#file, VERSION)
  }

  close(): void {
    closeSync(this.#file)
  }
}

function readRequest({ body, certificate, ...request }: StoredRequest): RawRequest {
  return {
    ...request,
    body: Buffer.from(body, 'base64'),
    ...(certificate && { certificate: Buffer.from(certificate, 'base64') }),
  }
}
