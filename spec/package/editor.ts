/** What an editor shows at a place in the program of a user: TypeScript's language service. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript-5.9'

interface Place {
  completions(): string[]
  /** The type and the documentation of what stands there. */
  hover(): string
}

/** The place is where `|` is in the code. */
export function editor(folder: string, code: string): Place {
  const position = code.indexOf('|')
  const file = join(folder, 'editor.ts')
  const text = code.replace('|', '')
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    types: ['node'],
  }
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: name => {
      if (name === file) return ts.ScriptSnapshot.fromString(text)
      return ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(readFileSync(name, 'utf8')) : undefined
    },
    getCurrentDirectory: () => folder,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: name => name === file || ts.sys.fileExists(name),
    readFile: name => (name === file ? text : ts.sys.readFile(name)),
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    ...(ts.sys.realpath && { realpath: ts.sys.realpath }),
  })
  // Reads the program, as an editor has done by the time that somebody types.
  service.getProgram()
  return {
    completions: () => service.getCompletionsAtPosition(file, position, {})?.entries.map(({ name }) => name) ?? [],
    hover: () => {
      const info = service.getQuickInfoAtPosition(file, position)
      const documentation = [...(info?.displayParts ?? []), ...(info?.documentation ?? [])]
      return documentation.map(part => part.text).join('')
    },
  }
}
