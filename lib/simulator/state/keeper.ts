/** Writes the changes of a simulator to its journal, if it has one, and repeats them at the next start. */
import { ApiError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { RawRequest } from '../http/server.js'
import type { NotificationProgress } from '../notify/log.js'
import type { OutgoingNotification } from '../notify/outgoing.js'
import type { Command, Journal, Owner, Redo, SimulatorSnapshot } from './journal.js'

interface KeeperOptions {
  journal: Journal | undefined
  machine: () => EpochMilliseconds
  owner: () => Owner
  snapshot: () => SimulatorSnapshot
}

export class Keeper {
  readonly #options: KeeperOptions
  /** The last change. Changes are written one after the other. */
  #changes: Promise<unknown> = Promise.resolve()
  #isRedoing = false
  #frozen: EpochMilliseconds | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** The machine's time. It stands still during a change, which must be repeated at the same time. */
  readonly clock = (): EpochMilliseconds => this.#frozen ?? this.#options.machine()

  /**
   * Runs a synchronous change of the ledger and writes it down, even if it is refused, because a refusal may change
   * something.
   */
  act<T>(command: Command, run: () => T): T {
    const { journal } = this.#options
    if (!journal || this.#isRedoing) return run()
    const t = this.clock()
    const keep = () => {
      journal.add({ t, command })
      this.#changes = this.#changes.then(() => this.#compactIfLong())
    }
    const before = this.#frozen
    this.#frozen = t
    try {
      const result = run()
      keep()
      return result
    } catch (error) {
      if (error instanceof ApiError) keep()
      throw error
    } finally {
      this.#frozen = before
    }
  }

  /**
   * Runs changes one after the other if there is a journal, which must have their order. `isDone` returns whether
   * something may have changed.
   */
  readonly change = <T>(
    request: RawRequest,
    time: EpochMilliseconds,
    run: () => Promise<T>,
    isDone: (outcome: T) => boolean,
  ): Promise<T> => {
    const { journal } = this.#options
    if (!journal || this.#isRedoing) return run()
    const change = this.#changes.then(async () => {
      this.#frozen = time
      const outcome = await run().finally(() => {
        this.#frozen = undefined
      })
      if (isDone(outcome)) journal.addRequest(request, time)
      this.#compactIfLong()
      return outcome
    })
    this.#changes = change.catch(() => {})
    return change
  }

  /** Writes down a notification that the ledger did not cause. */
  addNotification(notification: OutgoingNotification): void {
    this.#options.journal?.add({ t: this.clock(), notification })
  }

  readonly addProgress = (progress: NotificationProgress): void => {
    this.#options.journal?.add({ t: this.clock(), progress })
  }

  addOwner(): void {
    const { journal, owner } = this.#options
    journal?.add({ t: this.clock(), ...owner() })
  }

  /** Replaces the journal with a snapshot of the current state. */
  compact(): void {
    const { journal, owner, snapshot } = this.#options
    journal?.compact(this.clock(), owner(), snapshot())
  }

  /** Forgets everything but the owner. */
  clear(): void {
    this.#options.journal?.clear()
    this.addOwner()
  }

  /** Repeats the changes in the journal. `settle` runs what is due at the time of each step. */
  async redo(redo: Redo, settle: () => void): Promise<void> {
    const { journal } = this.#options
    if (!journal) return
    this.#isRedoing = true
    await journal.redo(redo, time => {
      this.#frozen = time
      settle()
    })
    this.#frozen = undefined
    this.#isRedoing = false
    this.addOwner()
    this.#compactIfLong()
  }

  /** Resolves when all changes that have begun are written. */
  async close(): Promise<void> {
    await this.#changes
    this.#options.journal?.close()
  }

  /** Runs between changes only, so that the snapshot has no half-finished change. */
  #compactIfLong(): void {
    if (this.#options.journal?.isLong) this.compact()
  }
}
