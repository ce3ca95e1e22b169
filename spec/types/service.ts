/**
 * A program of a user in TypeScript's language service, as an editor has it. What was read for one program is kept for
 * the next, so that many small programs cost little more than one.
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript-5.9'
import { STRICT } from './compile.js'

const registry = ts.createDocumentRegistry()

/** The service for the files, by name, as if they lay in the folder, and were the whole program. */
export function openProgram(
  folder: string,
  files: Record<string, string>,
  changes: Record<string, unknown> = {},
): ts.LanguageService {
  const texts = new Map(Object.entries(files).map(([name, text]) => [join(folder, name), text]))
  const { options } = ts.convertCompilerOptionsFromJson({ ...STRICT, ...changes }, folder)
  const read = (name: string) => texts.get(name) ?? readFileSync(name, 'utf8')
  const exists = (name: string) => texts.has(name) || ts.sys.fileExists(name)
  const service = ts.createLanguageService(
    {
      getCompilationSettings: () => options,
      getScriptFileNames: () => [...texts.keys()],
      // Files on disk do not change while a spec runs.
      getScriptVersion: name => texts.get(name) ?? 'as it is',
      getScriptSnapshot: name => (exists(name) ? ts.ScriptSnapshot.fromString(read(name)) : undefined),
      getCurrentDirectory: () => folder,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: exists,
      readFile: read,
      readDirectory: ts.sys.readDirectory,
      directoryExists: name => name === folder || ts.sys.directoryExists(name),
      getDirectories: ts.sys.getDirectories,
      ...(ts.sys.realpath && { realpath: ts.sys.realpath }),
    },
    registry,
  )
  // Reads the program, as an editor has done by the time that somebody types.
  service.getProgram()
  return service
}

/** What does not compile in the files, declarations among them. */
export function findingsIn(folder: string, files: Record<string, string>): string[] {
  const service = openProgram(folder, files, { skipLibCheck: false })
  const found = Object.keys(files).flatMap(name => [
    ...service.getSyntacticDiagnostics(join(folder, name)),
    ...service.getSemanticDiagnostics(join(folder, name)),
  ])
  return [...service.getCompilerOptionsDiagnostics(), ...found].map(({ file, messageText }) =>
    [file && `${basename(file.fileName)}: `, ts.flattenDiagnosticMessageText(messageText, '\n')].join(''),
  )
}
