/** Answers that are worked out once for what is asked over and over. */

/** More paths than a process calls as they are; those that are filled already come once, and must not pile up. */
const MOST = 1_000

/** `make`, which answers a text it was asked before with the answer that it gave; what it throws is not kept. */
export function remember<Answer extends object>(make: (text: string) => Answer): (text: string) => Answer {
  const answers = new Map<string, Answer>()
  return text => {
    const known = answers.get(text)
    if (known) return known
    const answer = make(text)
    if (answers.size >= MOST) answers.clear()
    answers.set(text, answer)
    return answer
  }
}
