/** What the doctor has found: one finding a check. What follows from a fault is skipped, and is not a further fault. */
import type { Words } from '../words/words.js'

export type CheckId = keyof Words['checks']
export type FaultCode = keyof Words['faults']

export interface Finding {
  readonly id: CheckId
  readonly status: 'ok' | 'warning' | 'fault' | 'skipped'
  /** Of a fault or a warning; the same in every language. */
  readonly code?: FaultCode
  /** What was found, and what to do. */
  readonly text: string
}

export class Report {
  readonly findings: Finding[] = []
  readonly words: Words
  /** Checks that others depend on, and the fault that is behind each. */
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

  /** The fault is known to have a cure, which the further checks use. */
  release(id: CheckId): void {
    this.#blocked.delete(id)
  }

  warn<Code extends FaultCode>(id: CheckId, code: Code, ...facts: Parameters<Words['faults'][Code]>): void {
    this.#add({ id, status: 'warning', code, text: this.#textOf(code, facts) })
  }

  /** Left out because it is not configured or not wanted. */
  skip(id: CheckId, reason: string): void {
    this.#add({ id, status: 'skipped', text: reason })
  }

  /** Whether all of these are without a fault. If not, the check is skipped. */
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
