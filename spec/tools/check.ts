/** Checks a program of a user, and the declarations that come with the package, with a compiler written in JavaScript. */
import { join, relative } from 'node:path'
import type ts from 'typescript-5.9'
import { type Compiler, STRICT } from '../types/compile.js'

/** Their API is that of 5.9, as far as it is used here. */
export type Checker = Exclude<Compiler, 'typescript'>

interface Check {
  /** What does not compile. */
  findings: string[]
  instantiations: number
}

/** What was parsed stays, by compiler, file and module format: it takes longer than to check a small program. */
const parsed = new Map<string, ts.SourceFile | undefined>()

/**
 * As a compiler with `skipLibCheck: false`, but without its own library and @types/node, which take longer than all the
 * rest and are not this package's.
 */
export async function check(
  checker: Checker,
  folder: string,
  code: string,
  changes: Record<string, unknown> = {},
): Promise<Check> {
  const { default: compiler }: { default: typeof ts } = await import(checker)
  const file = join(folder, 'consumer.ts')
  // The newest language that 5.4 knows.
  const json = { ...STRICT, target: 'es2022', lib: ['es2022'], skipLibCheck: false, ...changes }
  const { options, errors } = compiler.convertCompilerOptionsFromJson(json, folder)
  const host = compiler.createCompilerHost(options)
  const program = compiler.createProgram([file], options, {
    ...host,
    getCurrentDirectory: () => folder,
    fileExists: name => name === file || host.fileExists(name),
    readFile: name => (name === file ? code : host.readFile(name)),
    getSourceFile(name, target) {
      if (name === file) return compiler.createSourceFile(name, code, target)
      const format = typeof target === 'object' ? target.impliedNodeFormat : undefined
      const key = [checker, format, name].join()
      if (!parsed.has(key)) parsed.set(key, host.getSourceFile(name, target))
      return parsed.get(key)
    },
  })
  const found = program
    .getSourceFiles()
    .filter(({ fileName }) => !fileName.includes('/node_modules/typescript') && !fileName.includes('/@types/node/'))
    .flatMap(source => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)])
  const all = [...errors, ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...found]
  return {
    findings: all.map(
      ({ file: source, messageText }) =>
        `${source ? relative(folder, source.fileName) : ''}: ${compiler.flattenDiagnosticMessageText(messageText, '\n')}`,
    ),
    instantiations: program.getInstantiationCount(),
  }
}
