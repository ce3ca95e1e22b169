import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { defineConfig } from 'vitest/config'

const specs = readdirSync(join(import.meta.dirname, 'spec'), { recursive: true, encoding: 'utf8' })
  .map(file => `spec/${file.replaceAll(sep, '/')}`)
  .filter(file => file.endsWith('.spec.ts'))

const packaged = specs.filter(file => file.startsWith('spec/package/'))
const types = specs.filter(file => file.startsWith('spec/types/') || file === 'spec/openapi/types.spec.ts')
const tools = specs.filter(file => file.startsWith('spec/tools/'))
const units = specs.filter(file => ![...packaged, ...types, ...tools].includes(file))

/** What replaces a module, for everything that runs in its process. */
const alone = units.filter(file =>
  /\bvi\.(?:doMock|mock|resetModules)\(|from 'nock'|getActiveResourcesInfo/.test(
    readFileSync(join(import.meta.dirname, file), 'utf8'),
  ),
)

// A process for each core and not for each file: starting one and loading the library takes longer than most files run.
export default defineConfig({
  test: {
    maxWorkers: '100%',
    experimental: { fsModuleCache: true },
    isolate: false,
    globalSetup: ['spec/temporary.ts'],
    // The simulator's page has a style, which would be empty otherwise.
    css: true,
    // For what hangs: a machine with other work is slow.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'types', include: types } },
      { extends: true, test: { name: 'package', include: packaged, globalSetup: ['spec/package/install.ts'] } },
      { extends: true, test: { name: 'tools', include: tools, globalSetup: ['spec/package/install.ts'] } },
      {
        extends: true,
        // The recipes import the package by its name.
        resolve: {
          alias: [
            { find: /^wechatpay-chain$/, replacement: join(import.meta.dirname, 'lib/index.ts') },
            { find: /^wechatpay-chain\/simulator$/, replacement: join(import.meta.dirname, 'lib/simulator/index.ts') },
          ],
        },
        test: {
          name: 'unit',
          include: units.filter(file => !alone.includes(file)),
          setupFiles: ['spec/setup.ts', 'spec/restored.ts'],
        },
      },
      { extends: true, test: { name: 'unit-alone', include: alone, setupFiles: ['spec/setup.ts'], isolate: true } },
    ],
  },
})
