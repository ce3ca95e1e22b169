/** Packs this package as it would be published, and installs the tarball in an empty project. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const project = resolve(import.meta.dirname, '../..')

export interface Installation {
  /** The project of the user. */
  folder: string
  /** Where the package is in it. */
  installed: string
  remove(): void
}

/** Built in a copy, so that nothing in this checkout changes. Takes some seconds. */
export function install(): Installation {
  const root = mkdtempSync(join(tmpdir(), 'wechatpay-chain-package-'))
  const tarball = pack(join(root, 'source'))
  const folder = join(root, 'user')
  const installed = join(folder, 'node_modules/wechatpay-chain')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  for (const name of [...dependenciesOf(installed), '@types/node']) copyDependency(name, folder)
  return { folder, installed, remove: () => rmSync(root, { recursive: true }) }
}

/** `npm pack` builds first. */
function pack(source: string): string {
  for (const part of [
    'lib',
    'openapi',
    ...readdirSync(project).filter(name => /\.(json|md|mjs)$|^LICENSE$/.test(name)),
  ]) {
    cpSync(join(project, part), join(source, part), { recursive: true })
  }
  symlinkSync(join(project, 'node_modules'), join(source, 'node_modules'))
  const { status, stdout, stderr } = spawnSync('npm', ['pack'], { cwd: source, encoding: 'utf8' })
  const tarball = readdirSync(source).find(name => name.endsWith('.tgz'))
  if (status !== 0 || !tarball) throw new Error(`npm pack failed:\n${stdout}${stderr}`)
  return join(source, tarball)
}

function dependenciesOf(folder: string): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return Object.keys(dependencies)
}

// Copied, not linked: from a link TypeScript would find what the user has not installed.
function copyDependency(name: string, folder: string): void {
  const target = join(folder, 'node_modules', name)
  if (existsSync(target)) return
  const source = join(project, 'node_modules', name)
  cpSync(source, target, { recursive: true })
  for (const inner of dependenciesOf(source)) copyDependency(inner, folder)
}

/** The bytes of all files below. */
export function sizeOf(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(file => statSync(join(folder, file)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
}
