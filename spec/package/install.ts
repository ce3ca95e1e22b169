/** Packs this package as it is published and installs it in an empty project, once for all specs of the package. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'

const project = resolve(import.meta.dirname, '../..')

export interface Installation {
  /** The project of the user. */
  folder: string
  /** Where the package is in it. */
  installed: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    installation: Installation
  }
}

/** The global set-up of the specs of the package. */
export function setup({ provide }: TestProject): () => void {
  const root = mkdtempSync(join(tmpdir(), 'wechatpay-chain-package-'))
  provide('installation', install(pack(root), join(root, 'user')))
  return () => rmSync(root, { recursive: true })
}

/** `npm pack` builds first. */
function pack(destination: string): string {
  const command = `npm pack --pack-destination ${JSON.stringify(destination)}`
  const { status, stdout, stderr } = spawnSync(command, { cwd: project, encoding: 'utf8', shell: true })
  const tarball = readdirSync(destination).find(name => name.endsWith('.tgz'))
  if (status !== 0 || !tarball) throw new Error(`npm pack failed:\n${stdout}${stderr}`)
  return join(destination, tarball)
}

function install(tarball: string, folder: string): Installation {
  const installed = join(folder, 'node_modules/wechatpay-chain')
  mkdirSync(installed, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  for (const name of [...dependenciesOf(installed), '@types/node']) copyDependency(name, folder)
  return { folder, installed }
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
