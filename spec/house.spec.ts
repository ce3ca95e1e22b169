import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { version } from '../lib/version.js'

const lib = resolve(import.meta.dirname, '../lib')

const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter(
  file => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.startsWith(join('types', 'generated')),
)

/** The files of lib that a file needs when it runs: types are gone by then, and may point anywhere. */
function runtimeImports(file: string): string[] {
  const source = readFileSync(join(lib, file), 'utf8')
  const statements = source.matchAll(/^(?:import|export)\s(?!type\b)(?:[^'"]*?\sfrom\s)?['"](\.[^'"]+)['"]/gm)
  return [...statements].map(([, path = '']) =>
    relative(lib, resolve(dirname(join(lib, file)), path)).replace(/\.js$/, '.ts'),
  )
}

/** The room of a file: its folder, or the file itself at the top. */
const roomOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file)

// What each room may import: other rooms, and single files of them; a room may always import itself. Who is not listed is
// above all of them.
const FOUNDATION = ['errors.ts', 'remember.ts', 'version.ts']
const ALLOWED: Record<string, readonly string[]> = {
  'errors.ts': [],
  'version.ts': [],
  'remember.ts': [],
  'beijing-time.ts': [],
  'response.ts': [],
  chain: ['errors.ts', 'remember.ts'],
  crypto: ['errors.ts'],
  transport: ['errors.ts'],
  'formatter.ts': ['errors.ts', 'crypto'],
  'transformer.ts': ['errors.ts', 'xml'],
  types: [],
  xml: ['errors.ts'],
  stores: ['errors.ts'],
  files: ['errors.ts'],
  'registry.ts': ['errors.ts'],
  invoke: [...FOUNDATION, 'crypto', 'formatter.ts', 'protocol', 'registry.ts'],
  'invoke.ts': ['invoke'],
  notification: [
    ...FOUNDATION,
    'beijing-time.ts',
    'builder.ts',
    'crypto',
    'formatter.ts',
    'protocol',
    'registry.ts',
    'stores',
    'transformer.ts',
    'trust',
    'types',
  ],
  trust: [...FOUNDATION, 'crypto', 'formatter.ts'],
  bill: [...FOUNDATION, 'files', 'protocol', 'registry.ts'],
  'bill.ts': ['bill'],
  'media.ts': ['errors.ts', 'files', 'protocol'],
  protocol: [
    ...FOUNDATION,
    'crypto',
    'files',
    'formatter.ts',
    'transformer.ts',
    'transport/collect.ts',
    'response.ts',
    'trust',
    'xml',
    'types',
  ],
  // Of the protocol it has what the catalogue says: a call it must judge on its own. Of the notifications it has what makes
  // them: what receives them stands on the client.
  simulator: [
    ...FOUNDATION,
    'beijing-time.ts',
    'protocol/endpoints.ts',
    'notification/mint.ts',
    'crypto',
    'formatter.ts',
    'transformer.ts',
    'trust',
  ],
  cli: ['index.ts', 'simulator'],
}

describe('imports point one way', () => {
  const ruled = files.flatMap(file => {
    const allowed = ALLOWED[roomOf(file)]
    return allowed ? [[file, allowed] as const] : []
  })

  it.each(ruled)('%s', (file, allowed) => {
    const isInside = (path: string) => [roomOf(file), ...allowed].some(room => room === path || room === roomOf(path))
    const outside = runtimeImports(file).filter(path => !isInside(path))
    expect(outside).toEqual([])
  })

  it('and not in circles', () => {
    const circles: string[] = []
    const visit = (file: string, trail: readonly string[]) => {
      if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '))
      else if (files.includes(file)) for (const next of runtimeImports(file)) visit(next, [...trail, file])
    }
    for (const entry of ['index.ts', 'simulator/index.ts', 'cli/demo.ts', 'cli/simulator-process.ts']) visit(entry, [])
    expect(circles).toEqual([])
  })

  it('a folder or a file at the top that is not ruled here is known', () => {
    const above = [
      'builder.ts',
      'call-options.ts',
      'certificates.ts',
      'client.ts',
      'config.ts',
      'hooks.ts',
      'index.ts',
      'key-options.ts',
      'options.ts',
      'platform-verifiers.ts',
      'settings.ts',
    ]
    expect([...new Set(files.map(roomOf))].filter(room => !(room in ALLOWED) && !above.includes(room))).toEqual([])
  })
})

it.each(files)('%s says in its first line what it is', file => {
  expect(readFileSync(join(lib, file), 'utf8')).toMatch(/^(?:#!.*\n)?\/\*\*/)
})

it('the version that WeChat Pay is told is that of the package', () => {
  const { version: packaged } = JSON.parse(readFileSync(resolve(lib, '../package.json'), 'utf8'))
  expect(version).toBe(packaged)
})
