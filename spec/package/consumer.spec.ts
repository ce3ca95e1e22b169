import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { compile } from '../types/compile.js'
import { type Checker, check } from './check.js'
import { MANY_CALLS, ONE_CALL } from './consumers.js'

const { folder, installed } = inject('installation')

const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
const typed = Object.keys(exports).filter(name => exports[name].types)

/** Imports everything that has types. */
const program = typed
  .map((name, index) => `export * as entry${index} from '${join('wechatpay-chain', name)}'\n`)
  .concat(MANY_CALLS)
  .join('')

const nodenext = { module: 'nodenext', moduleResolution: 'nodenext' }
const bundler = { module: 'esnext', moduleResolution: 'bundler' }
// What projects in CommonJS have that were begun before 2022, and ts-jest and ts-node by default.
const node10 = { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true }

it('the client and the simulator have types', () => {
  expect(typed).toEqual(expect.arrayContaining(['.', './simulator']))
})

describe('the package compiles, its declarations checked too', () => {
  it.each([
    ['nodenext', nodenext],
    ['bundler', bundler],
  ])('with typescript, by the resolution of %s', async (_, resolution) => {
    const options = { ...resolution, types: [], skipLibCheck: false }
    const { findings } = await compile({ 'consumer.ts': program }, { folder, options })
    expect(findings).toEqual([])
  })

  // Each compiler and each resolution: what a compiler does not know depends on the declarations, not on how they are found.
  it.each<[Checker, string, object]>([
    ['typescript-5.4', 'node10', node10],
    ['typescript-5.9', 'nodenext', nodenext],
    ['typescript-6.0', 'bundler', bundler],
  ])('with %s, by the resolution of %s', async (checker, _, resolution) => {
    const { findings } = await check(checker, folder, program, { ...resolution, types: [] })
    expect(findings).toEqual([])
  })

  it('what is missing would be found', async () => {
    const wrong = "import { Bilder } from 'wechatpay-chain'\nexport * from 'wechatpay-chain/simulater'\nBilder"
    const { findings } = await check('typescript-5.9', folder, wrong, { ...nodenext, types: [] })
    expect(findings).toEqual([expect.stringContaining('Bilder'), expect.stringContaining('wechatpay-chain/simulater')])
  })
})

describe('one call costs at most 2,000 instantiations', () => {
  const expectCheap = (instantiations: number | undefined) => {
    expect(instantiations).toBeGreaterThan(0)
    expect(instantiations).toBeLessThanOrEqual(2_000)
  }

  it('with typescript', async () => {
    const { findings, figures } = await compile({ 'consumer.ts': ONE_CALL }, { folder })
    expect(findings).toEqual([])
    expectCheap(figures.Instantiations)
  })

  it.each<Checker>(['typescript-5.9', 'typescript-6.0'])('with %s', async checker => {
    const { findings, instantiations } = await check(checker, folder, ONE_CALL, { skipLibCheck: true })
    expect(findings).toEqual([])
    expectCheap(instantiations)
  })
})
