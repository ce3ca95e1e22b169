/** The findings, one for each check. A check that depends on a failed one is skipped and is not a fault. */
import type { Words } from '../words/words.js'

export type CheckId = keyof Words['checks']
export type FaultCode = keyof Words['faults']

export interface Finding {
  readonly id: CheckId
  readonly status: 'ok' | 'warning' | 'fault' | 'skipped'
  /** The code of a fault or a warning; the same in every language. */
  readonly code?: FaultCode
  /** What was found, and what to do. */
  readonly text: string
}

export class Report {
  readonly findings: Finding[] = []
  readonly words: Words
  /** The failed checks, each with the fault that caused it. */
  readonly #blocked = new Map<CheckId, CheckId>()
  readonly #onFinding: (finding: Finding) => void

  constructor(words: Words, onFinding: (finding: Finding) => void = () => {}) {
    this.words = words
    this.#onFinding = onFinding
  }

  ok(id: CheckId, text: string): void {
    this.#add({ id, status: 'ok', text })
  }

  fault<Code extends FaultCode>(id: CheckId, code: Code, ...facts: Parameters<Words['faults'][Code]>): void {
    this.#blocked.set(id, id)
    this.#add({ id, status: 'fault', code, text: this.#textOf(code, facts) })
  }

  /** Reports a fault that the later checks can correct. */
  release(id: CheckId): void {
    this.#blocked.delete(id)
  }

  warn<Code extends FaultCode>(id: CheckId, code: Code, ...facts: Parameters<Words['faults'][Code]>): void {
    this.#add({ id, status: 'warning', code, text: this.#textOf(code, facts) })
  }

  /** Skips a check because it is not configured or not wanted. */
  skip(id: CheckId, reason: string): void {
    this.#add({ id, status: 'skipped', text: reason })
  }

  /** Whether none of these checks failed. If one did, the check is skipped. */
  allows(id: CheckId, ...needed: readonly CheckId[]): boolean {
    const cause = needed.map(check => this.#blocked.get(check)).find(check => check !== undefined)
    if (cause === undefined) return true
    this.#blocked.set(id, cause)
    this.skip(id, this.words.doctor.follows(this.words.checks[cause]))
    return false
  }

  #textOf<Code extends FaultCode>(code: Code, facts: Parameters<Words['faults'][Code]>): string {
    // Each code has its own facts, which the compiler has compared.
    const text: (...facts: readonly never[]) => string = this.words.faults[code]
    return text(...(facts as readonly never[]))
  }

  #add(finding: Finding): void {
    this.findings.push(finding)
    this.#onFinding(finding)
  }
}
