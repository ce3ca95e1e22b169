/** Compiles code of a user against the types of this package, with any of the compilers that users have. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const project = resolve(import.meta.dirname, '../..')

/** The folders below node_modules. */
export type Compiler = 'typescript' | 'typescript-5.4' | 'typescript-5.9' | 'typescript-6.0'

/** Those that all types are tried with. */
export const COMPILERS: readonly Compiler[] = ['typescript', 'typescript-5.9', 'typescript-6.0']

interface Finding {
  file: string
  line: number
  message: string
}

export interface Compilation {
  findings: Finding[]
  /** What `--extendedDiagnostics` says, by its name: `Instantiations`. */
  figures: Record<string, number>
}

interface CompileOptions {
  compiler?: Compiler
  /** The project of the user; by default, one that has what this package has. */
  folder?: string
  options?: Record<string, unknown>
}

/** The options of a strict user. */
export const STRICT = {
  target: 'es2023',
  lib: ['es2023'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: true,
}

/** Compiles the files, by name, as a strict user would. */
export async function compile(
  files: Record<string, string>,
  { compiler = 'typescript', folder, options }: CompileOptions = {},
): Promise<Compilation> {
  const home = await mkdtemp(join(folder ?? tmpdir(), 'wechatpay-chain-types-'))
  try {
    if (!folder) await symlink(join(project, 'node_modules'), join(home, 'node_modules'))
    await writeFile(join(home, 'package.json'), '{ "type": "module" }')
    for (const [name, content] of Object.entries(files)) await writeFile(join(home, name), content)
    const compilerOptions = { ...STRICT, ...options }
    await writeFile(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }))
    return read(await run(compiler, home))
  } finally {
    await rm(home, { recursive: true })
  }
}

export interface Refusal {
  /** Undefined for what is wrong outside of the statements. */
  statement: string | undefined
  message: string
}

/**
 * What does not compile among the statements, all of which are compiled in one run. Each is a function in a list: one
 * after the other, the compiler looks back from each at all before it, which takes ten times as long.
 */
export async function refusals(
  head: string,
  statements: readonly string[],
  options: CompileOptions = {},
): Promise<Refusal[]> {
  const start = `${head}\nexport const statements = [\n`
  const list = statements.map(statement => `async () => { ${statement} },\n`).join('')
  const { findings } = await compile({ 'consumer.ts': `${start}${list}]\n` }, options)
  const first = start.split('\n').length
  return findings.map(({ line, message }) => ({ statement: statements[line - first], message }))
}

/** A merchant's client and a brand's, for a file that {@link compile} compiles without a folder of its own. */
export const clients = `import type { BrandPay, Operations, WechatPay } from ${JSON.stringify(join(project, 'lib/types/index.js'))}
declare const wxpay: WechatPay
declare const ofBrand: BrandPay
export type Used = Operations`

function run(compiler: Compiler, home: string): Promise<string> {
  const tsc = join(project, 'node_modules', compiler, 'bin/tsc')
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      [tsc, '-p', home, '--pretty', 'false', '--extendedDiagnostics'],
      { maxBuffer: 1 << 28, cwd: home },
      (error, stdout, stderr) => (stdout === '' ? fail(error ?? new Error(stderr)) : done(stdout)),
    )
  })
}

function read(output: string): Compilation {
  const lines = output.split('\n')
  return {
    findings: lines.flatMap(line => {
      const [, file = '', number = '', message = ''] = /^(\S.*)\((\d+),\d+\): error (.*)$/.exec(line) ?? []
      if (file) return [{ file, line: Number(number), message }]
      // An error that belongs to no file, such as a wrong option.
      return line.startsWith('error ') ? [{ file: '', line: 0, message: line }] : []
    }),
    figures: Object.fromEntries(
      lines.flatMap(line => {
        const [, name = '', value = ''] = /^([A-Z][\w /]+):\s+([\d.]+)/.exec(line) ?? []
        return name ? [[name, Number(value)]] : []
      }),
    ),
  }
}
