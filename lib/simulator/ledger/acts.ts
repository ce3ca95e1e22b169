/** Acts from outside on something in the ledger, by its number: a payer pays, money arrives, a user confirms. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'

export const ACTS = ['pay', 'settle', 'confirm'] as const

export type Act = (typeof ACTS)[number]

export interface ActOptions {
  /** The merchant, needed only when several have the number. */
  mchid?: string | undefined
  /** The payer. */
  openid?: string | undefined
  /** The reason for a failure. Without it, the result is a success. */
  fail?: string | undefined
}

/** The acts of one product. */
export interface Actor {
  /** Whether the state allows the act; undefined for an unknown number. */
  ready(mchid: string, number: string, options: ActOptions): boolean | undefined
  /** @throws ApiError when the state does not allow the act. InvalidArgumentError for an unknown `fail`. */
  run(mchid: string, number: string, options: ActOptions, now: EpochMilliseconds): void
}

export class Acts {
  readonly #actors = new Map<Act, Actor[]>()

  add(act: Act, actor: Actor): void {
    this.#actors.set(act, [...(this.#actors.get(act) ?? []), actor])
  }

  /** The merchants with this number: those whose state allows the act, otherwise all that know it. */
  find(act: Act, mchids: readonly string[], number: string, options: ActOptions): string[] {
    const actors = this.#actors.get(act) ?? []
    const knowing = mchids.filter(mchid => actors.some(actor => actor.ready(mchid, number, options) !== undefined))
    const ready = knowing.filter(mchid => actors.some(actor => actor.ready(mchid, number, options)))
    return ready.length > 0 ? ready : knowing
  }

  /**
   * If several products have this number, the act applies to the one that allows it. Returns false for an unknown
   * number.
   *
   * @throws what the product throws.
   */
  run(act: Act, mchid: string, number: string, options: ActOptions, now: EpochMilliseconds): boolean {
    const actors = this.#actors.get(act) ?? []
    const concerned = actors.filter(actor => actor.ready(mchid, number, options) !== undefined)
    const actor = concerned.find(one => one.ready(mchid, number, options)) ?? concerned[0]
    actor?.run(mchid, number, options, now)
    return actor !== undefined
  }
}
