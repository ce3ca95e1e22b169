import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { compile } from '../types/compile.js'
import { MOST_INSTANTIATIONS, ONE_CALL, programOf, typedEntriesOf } from './consumers.js'

const { folder, installed } = inject('installation')

const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))

it('the client and the simulator have types', () => {
  expect(typedEntriesOf(manifest)).toEqual(expect.arrayContaining(['.', './simulator']))
})

describe('the package compiles, its declarations checked too', () => {
  it.each([
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ])('by the resolution of %s', async (_, resolution) => {
    const options = { ...resolution, types: [], skipLibCheck: false }
    const { findings } = await compile({ 'consumer.ts': programOf(manifest) }, { folder, options })
    expect(findings).toEqual([])
  })
})

it('one call costs at most 2,000 instantiations', async () => {
  const { findings, figures } = await compile({ 'consumer.ts': ONE_CALL }, { folder })
  expect(findings).toEqual([])
  expect(figures.Instantiations).toBeGreaterThan(0)
  expect(figures.Instantiations).toBeLessThanOrEqual(MOST_INSTANTIATIONS)
})
