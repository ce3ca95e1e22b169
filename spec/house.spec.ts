import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { version } from '../lib/version.js'

const lib = resolve(import.meta.dirname, '../lib')

const files = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .map(file => file.replaceAll(sep, '/'))
  .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.startsWith('types/generated/'))

/** The files of lib that a file imports, types included, statically or when they are needed. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(lib, file), 'utf8')
  const paths = source.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*['"](\.[^'"]+)['"]/g)
  return [...paths].map(([, path = '']) =>
    relative(lib, resolve(dirname(join(lib, file)), path))
      .replaceAll(sep, '/')
      .replace(/\.js$/, '.ts'),
  )
}

const EDGES = files.flatMap(file => importsOf(file).map(imported => [file, imported] as const))

// The lowest layer first. A layer imports only from the lines before its own.
const LAYERS: readonly (readonly string[])[] = [
  ['errors.ts', 'version.ts', 'response.ts'],
  ['util'],
  ['crypto', 'xml', 'stores'],
  ['formatter.ts', 'transformer.ts'],
  ['trust'],
  ['options.ts'],
  ['chain', 'files', 'transport'],
  ['types'],
  ['config'],
  ['protocol'],
  ['telemetry'],
  ['client'],
  ['builder.ts', 'media.ts', 'invoke', 'till'],
  ['certificates.ts', 'code-pay.ts', 'bill', 'notification'],
  ['index.ts', 'simulator'],
  ['cli'],
]

const SIMULATOR_LAYERS: readonly (readonly string[])[] = [
  ['keys', 'ledger'],
  ['http', 'schema', 'bills'],
  ['gateway'],
  ['products'],
  ['notify'],
  ['config.ts', 'options.ts', 'page', 'state'],
  ['settings.ts', 'control'],
  ['world.ts'],
  ['commands.ts', 'parts.ts'],
  ['controlled.ts'],
  ['simulator.ts'],
  ['index.ts'],
]

// What a layer must not know although it lies below: the chain knows no HTTP, and the simulator judges the client from outside.
const APART: Readonly<Record<string, readonly string[]>> = {
  chain: ['crypto', 'xml', 'stores', 'trust', 'transport', 'protocol'],
  simulator: ['builder.ts', 'client', 'config', 'transport'],
}

function layerOf(layers: typeof LAYERS, file: string): { folder: string; level: number } {
  const folder = file.includes('/') ? file.slice(0, file.indexOf('/')) : file
  return { folder, level: layers.findIndex(layer => layer.includes(folder)) }
}

/** The imports that do not point down. */
function upward(layers: typeof LAYERS, edges: typeof EDGES): string[] {
  return edges
    .filter(([from, to]) => {
      const [above, below] = [layerOf(layers, from), layerOf(layers, to)]
      return above.folder !== below.folder && above.level <= below.level
    })
    .map(([from, to]) => `${from} → ${to}`)
}

/** The files that import one another, each circle once. */
function circles(): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]) => {
    if (trail.includes(file)) found.push([...trail.slice(trail.indexOf(file)), file].join(' → '))
    else if (!done.has(file)) {
      for (const [from, to] of EDGES) if (from === file) visit(to, [...trail, file])
      done.add(file)
    }
  }
  for (const file of files) visit(file, [])
  return found
}

describe('the layers of lib', () => {
  const simulated = EDGES.filter(edge => edge.every(file => file.startsWith('simulator/'))).map(
    ([from, to]) => [from.slice('simulator/'.length), to.slice('simulator/'.length)] as const,
  )

  it('every folder and every file at the root has its layer', () => {
    expect(files.filter(file => layerOf(LAYERS, file).level < 0)).toEqual([])
    expect(simulated.flat().filter(file => layerOf(SIMULATOR_LAYERS, file).level < 0)).toEqual([])
  })

  it('imports point down, types included', () => {
    expect(upward(LAYERS, EDGES)).toEqual([])
    expect(upward(SIMULATOR_LAYERS, simulated)).toEqual([])
  })

  it.each(Object.entries(APART))('%s knows nothing of what it must not know', (folder, apart) => {
    const known = EDGES.filter(
      ([from, to]) => layerOf(LAYERS, from).folder === folder && apart.includes(layerOf(LAYERS, to).folder),
    )
    expect(known).toEqual([])
  })

  it('the command line knows of the library what every program knows', () => {
    const known = EDGES.filter(([from, to]) => from.startsWith('cli/') && !to.startsWith('cli/'))
    expect(new Set(known.map(([, to]) => to))).toEqual(new Set(['index.ts', 'simulator/index.ts']))
  })

  it('no file imports itself by way of others', () => {
    expect(circles()).toEqual([])
  })

  it('a file at the root is a name that can be imported from the package', () => {
    const roots = files.filter(file => !file.includes('/') && file !== 'index.ts' && file !== 'version.ts')
    const exported = importsOf('index.ts')
    expect(roots.filter(file => !exported.includes(file))).toEqual([])
    expect(roots.length + 2).toBeLessThanOrEqual(12)
  })
})

it.each(files)('%s says in its first line what it is', file => {
  expect(readFileSync(join(lib, file), 'utf8')).toMatch(/^(?:#!.*\n)?\/\*\*/)
})

it('the version that WeChat Pay sees is that of the package', () => {
  const { version: packaged } = JSON.parse(readFileSync(resolve(lib, '../package.json'), 'utf8'))
  expect(version).toBe(packaged)
})
