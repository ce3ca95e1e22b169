/** The code of a function as it is written: compiling takes away its types, and adds semicolons. */

/** What an arrow function does, indented by two spaces. */
export function sourceOf(call: () => Promise<unknown>): string {
  const code = String(call).replace(/;$/gm, '')
  const [, statements] = /^async \(\) => \{\s*(.*?)\s*\}$/s.exec(code) ?? []
  return indent(statements ?? `await ${code.replace(/^\(\) =>\s*/, '')}`)
}

// The compiler writes four spaces where the source has two.
function indent(source: string): string {
  const [first = '', ...more] = source.split('\n')
  const common = Math.min(...more.map(line => line.search(/\S/)))
  const lines = [
    first,
    ...more.map(line => line.slice(common).replace(/^ +/, spaces => spaces.slice(spaces.length / 2))),
  ]
  return lines.map(line => `  ${line}`).join('\n')
}
