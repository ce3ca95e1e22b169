/** The library as JavaScript, for processes of their own: Node 20 runs no TypeScript. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '../..')

/** Compiles `lib` into a folder below node_modules, from where its dependencies are found. */
export function compileLibrary(): { url: string; remove(): void } {
  const cache = join(root, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'wechatpay-chain-'))
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const args = [compiler, '-p', 'tsconfig.build.json', '--noCheck', '--declaration', 'false', '--outDir', folder]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`The library does not compile: ${stdout}${stderr}`)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return {
    url: pathToFileURL(`${folder}/`).href,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
