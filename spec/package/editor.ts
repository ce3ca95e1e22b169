/** What an editor shows at a place in the program of a user. */
import { join } from 'node:path'
import { openProgram } from '../types/service.js'

interface Place {
  completions(): string[]
  /** The type and the documentation of what stands there. */
  hover(): string
}

/** The place is where `|` is in the code. */
export function editor(folder: string, code: string): Place {
  const position = code.indexOf('|')
  const file = join(folder, 'editor.ts')
  const service = openProgram(folder, { 'editor.ts': code.replace('|', '') })
  return {
    completions: () => service.getCompletionsAtPosition(file, position, {})?.entries.map(({ name }) => name) ?? [],
    hover: () => {
      const info = service.getQuickInfoAtPosition(file, position)
      const documentation = [...(info?.displayParts ?? []), ...(info?.documentation ?? [])]
      return documentation.map(part => part.text).join('')
    },
  }
}
