/** Recovers the source code of a compiled function, for the demo to print. */

/** Returns the body of an arrow function, without the semicolons that the compiler added, indented by two spaces. */
export function sourceOf(call: () => Promise<unknown>): string {
  const code = String(call).replace(/;$/gm, '')
  const [, statements] = /^async \(\) => \{\s*(.*?)\s*\}$/s.exec(code) ?? []
  return indent(statements ?? `await ${code.replace(/^\(\) =>\s*/, '')}`)
}

// The compiler indents by four spaces, the source by two.
function indent(source: string): string {
  const [first = '', ...more] = source.split('\n')
  const common = Math.min(...more.map(line => line.search(/\S/)))
  const lines = [
    first,
    ...more.map(line => line.slice(common).replace(/^ +/, spaces => spaces.slice(spaces.length / 2))),
  ]
  return lines.map(line => `  ${line}`).join('\n')
}
