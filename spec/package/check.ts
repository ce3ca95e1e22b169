/** Checks a program of a user, and the declarations that come with the package, with a compiler written in JavaScript. */
import { join, relative } from 'node:path'
import type typescript from 'typescript-5.9'
import { type Compiler, STRICT } from '../types/compile.js'

/** Their API is that of 5.9, as far as it is used here. */
type Checker = Exclude<Compiler, 'typescript'>

/**
 * What does not compile. As `skipLibCheck: false`, but without the compiler's own library and @types/node, which take
 * longer than all the rest and are not this package's.
 */
export async function check(
  checker: Checker,
  folder: string,
  code: string,
  changes: Record<string, unknown>,
): Promise<string[]> {
  const { default: ts }: { default: typeof typescript } = await import(checker)
  const file = join(folder, 'consumer.ts')
  // The newest that 5.4 knows.
  const json = { ...STRICT, target: 'es2022', lib: ['es2022'], ...changes, skipLibCheck: false }
  const { options, errors } = ts.convertCompilerOptionsFromJson(json, folder)
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram([file], options, {
    ...host,
    getCurrentDirectory: () => folder,
    fileExists: name => name === file || host.fileExists(name),
    readFile: name => (name === file ? code : host.readFile(name)),
    getSourceFile: (name, target, ...rest) =>
      name === file ? ts.createSourceFile(name, code, target) : host.getSourceFile(name, target, ...rest),
  })
  const found = program
    .getSourceFiles()
    .filter(({ fileName }) => !fileName.includes('/node_modules/typescript') && !fileName.includes('/@types/node/'))
    .flatMap(source => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)])
  return [...errors, ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...found].map(
    ({ file: source, messageText }) =>
      `${source ? relative(folder, source.fileName) : ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
  )
}
