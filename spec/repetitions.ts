/** How often a spec repeats what it shows by numbers: a few times as a rule, and in full where REPETITIONS=full. */
export function repetitions(few: number, full: number): number {
  return process.env.REPETITIONS === 'full' ? full : few
}
