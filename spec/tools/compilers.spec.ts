import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { MOST_INSTANTIATIONS, ONE_CALL, programOf } from '../package/consumers.js'
import { describeRefusals } from '../types/refused-calls.js'
import { type Checker, check } from './check.js'

const { folder, installed } = inject('installation')

const program = programOf(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')))

const nodenext = { module: 'nodenext', moduleResolution: 'nodenext' }
const bundler = { module: 'esnext', moduleResolution: 'bundler' }
// What projects in CommonJS have that were begun before 2022, and ts-jest and ts-node by default.
const node10 = { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true }

describe('the package compiles with the compilers before this one, its declarations checked too', () => {
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
  it.each<Checker>(['typescript-5.9', 'typescript-6.0'])('with %s', async checker => {
    const { findings, instantiations } = await check(checker, folder, ONE_CALL, { skipLibCheck: true })
    expect(findings).toEqual([])
    expect(instantiations).toBeGreaterThan(0)
    expect(instantiations).toBeLessThanOrEqual(MOST_INSTANTIATIONS)
  })
})

describe.each<Checker>(['typescript-5.9', 'typescript-6.0'])('calls with %s', describeRefusals)
