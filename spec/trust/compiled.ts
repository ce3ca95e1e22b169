/** The library as JavaScript, for processes of their own: Node 20 runs no TypeScript. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inject } from 'vitest'

let url: string | undefined

/** Compiles `lib`, once for all specs of a process, and returns the URL of its folder. */
export function compileLibrary(): string {
  url ??= compile(mkdtempSync(join(inject('temporary'), 'library-')))
  return url
}

function compile(folder: string): string {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const args = [compiler, '-p', 'tsconfig.build.json', '--noCheck', '--declaration', 'false', '--outDir', folder]
  const cwd = resolve(import.meta.dirname, '../..')
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`The library does not compile: ${stdout}${stderr}`)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return pathToFileURL(`${folder}/`).href
}
