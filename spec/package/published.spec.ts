import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { sizeOf } from './size.js'

const { installed } = inject('installation')

const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).map(file => file.replaceAll(sep, '/'))
const read = (file: string) => readFileSync(join(installed, file), 'utf8')
const manifest = JSON.parse(read('package.json'))

describe('the manifest', () => {
  // npm warns of packages with scripts that run when they are installed.
  it('runs nothing when the package is installed', () => {
    const scripts = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare']
    expect(Object.keys(manifest.scripts).filter(name => scripts.includes(name))).toEqual([])
  })

  it('names files that are there', () => {
    const named: string[] = [manifest.main, manifest.types, ...Object.values<Entry>(manifest.exports).flatMap(namesIn)]
    expect(named.filter(name => !existsSync(join(installed, name)))).toEqual([])
  })

  it('tells compilers that know no `exports` where the types of each entry point are', () => {
    const typed = Object.entries<{ types?: string }>(manifest.exports).filter(([, { types }]) => types)
    const { '.': main, ...others } = Object.fromEntries(typed.map(([name, { types }]) => [name, types]))
    expect(manifest.types).toBe(main)
    expect(manifest.typesVersions['*']).toEqual(
      Object.fromEntries(Object.entries(others).map(([name, types]) => [name.slice('./'.length), [types]])),
    )
  })

  it('installs no types for those who write JavaScript', () => {
    expect(Object.keys(manifest.dependencies).filter(name => name.startsWith('@types/'))).toEqual([])
    expect(manifest.peerDependenciesMeta).toMatchObject({ '@types/node': { optional: true } })
  })
})

/** An entry of `exports`: a file, or one for each condition. */
type Entry = string | Record<string, string>

function namesIn(entry: Entry): string[] {
  return typeof entry === 'string' ? [entry] : Object.values(entry)
}

describe('the code', () => {
  // The commands run as they are; everything else may be bundled, also to CommonJS, which has no import.meta.
  const modules = files.filter(file => /^dist\/.*\.c?js$/.test(file) && !file.startsWith('dist/cli/'))

  it('hides no dependency from bundlers', () => {
    expect(modules.filter(file => /\bcreateRequire\b|\bimport\.meta\b/.test(read(file)))).toEqual([])
  })

  it('is in files whose names say something in a stack trace', () => {
    const joined = modules.map(file => file.slice('dist/'.length)).filter(file => !file.includes('/'))
    expect(joined).toEqual(expect.arrayContaining(['index.js', 'client.js', 'core.js', 'apiv2.js']))
    expect(joined.filter(name => !/^[a-z]\w*(-[a-z]+)*\.js$/.test(name) || /shared|chunk/.test(name))).toEqual([])
  })
})

describe('what is installed', () => {
  it('is smaller than 7.5 MB', () => {
    expect(sizeOf(installed)).toBeLessThan(7_500_000)
  })

  it('has both documents, and none of the catalogue as code', () => {
    expect(sizeOf(join(installed, 'dist/openapi'))).toBeGreaterThan(2_000_000)
    expect(sizeOf(join(installed, 'openapi'))).toBe(0)
  })

  it('has the licence, the changes, and how to report a vulnerability', () => {
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'CHANGELOG.md', 'SECURITY.md']))
  })

  it.each(files.filter(file => file.endsWith('.md')))('%s links to nothing that is missing', file => {
    const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link)
    expect(links.filter(link => !files.includes(join(file, '..', link).replaceAll(sep, '/')))).toEqual([])
  })
})
