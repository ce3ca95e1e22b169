/** Compiles code of a user against the types of this package, with any of the compilers that users have. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const project = resolve(import.meta.dirname, '../..')

/** The folders below node_modules. */
export type Compiler = 'typescript' | 'typescript-5.9' | 'typescript-6.0'

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
  /** Made if it is not given, with this package's sources as `wechatpay-chain/types`. */
  folder?: string
  options?: Record<string, unknown>
}

/** Compiles the files, by name, as a strict user would. */
export async function compile(
  files: Record<string, string>,
  { compiler = 'typescript', folder, options }: CompileOptions = {},
): Promise<Compilation> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'wechatpay-chain-types-')))
  try {
    if (!folder) await symlink(join(project, 'node_modules'), join(home, 'node_modules'))
    await writeFile(join(home, 'package.json'), '{ "type": "module" }')
    for (const [name, content] of Object.entries(files)) await writeFile(join(home, name), content)
    await writeFile(join(home, 'tsconfig.json'), JSON.stringify(configOf(Object.keys(files), options)))
    return read(await run(compiler, home))
  } finally {
    if (!folder) await rm(home, { recursive: true })
  }
}

/** The import of the types for a file that {@link compile} compiles without a folder of its own. */
export const importTypes = `import type { Operations, WechatPay } from ${JSON.stringify(join(project, 'lib/types/index.js'))}`

function configOf(files: readonly string[], options: Record<string, unknown> = {}) {
  return {
    compilerOptions: {
      target: 'es2023',
      lib: ['es2023'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: true,
      ...options,
    },
    files,
  }
}

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
