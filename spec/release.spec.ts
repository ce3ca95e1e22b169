import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { problemsOf } from '../.github/release-check.mjs'

const manifest = {
  version: '1.2.3',
  repository: { type: 'git', url: 'git+https://git.example/wechatpay-chain.git' },
  bugs: 'https://git.example/wechatpay-chain/issues',
  homepage: 'https://git.example/wechatpay-chain#readme',
}
const changelog = '# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-11-28\n\n### Added\n\n- Something.\n'

describe('a release', () => {
  it('that is complete goes on, with or without a tag', () => {
    expect(problemsOf({ manifest, changelog, tag: 'v1.2.3' })).toEqual([])
    expect(problemsOf({ manifest, changelog })).toEqual([])
    expect(problemsOf({ manifest, changelog: changelog.replace('1.2.3', '[1.2.3]') })).toEqual([])
  })

  it.each(['repository', 'bugs', 'homepage'])('without %s is refused', field => {
    for (const value of [undefined, '']) {
      const found = problemsOf({ manifest: { ...manifest, [field]: value }, changelog, tag: 'v1.2.3' })
      expect(found).toEqual([expect.stringContaining(`\`${field}\``)])
    }
  })

  it.each(['v1.2.4', '1.2.3', 'v1.2.3-beta', ''])('with the tag %j is refused', tag => {
    expect(problemsOf({ manifest, changelog, tag })).toEqual([expect.stringContaining('v1.2.3')])
  })

  it.each([
    ['without a date', '## 1.2.3'],
    ['that is not released', '## 1.2.3 - Unreleased'],
    ['with a date that there is not', '## 1.2.3 - 2026-13-01'],
    ['of another version', '## 11.2.3 - 2026-11-28'],
    ['of no version', '## Unreleased'],
  ])('with a section of the changelog %s is refused', (_, title) => {
    expect(problemsOf({ manifest, changelog: `# Changelog\n\n${title}\n`, tag: 'v1.2.3' })).toEqual([
      expect.stringContaining('CHANGELOG.md'),
    ])
  })

  it('is refused by the command, which says why and fails', () => {
    const script = resolve(import.meta.dirname, '../.github/release-check.mjs')
    const { status, stderr } = spawnSync(process.execPath, [script, 'v0.0.0-no-such-release'], { encoding: 'utf8' })
    expect(stderr).toContain('v0.0.0-no-such-release')
    expect(status).toBe(1)
  })
})

interface Step {
  uses?: string
  run?: string
}

interface Workflow {
  jobs: Record<string, { permissions?: Record<string, string>; steps: Step[] }>
}

const workflow = (name: string) =>
  load(readFileSync(resolve(import.meta.dirname, `../.github/workflows/${name}.yml`), 'utf8')) as Workflow

describe('the workflow of a release', () => {
  const { publish } = workflow('release').jobs
  const commands = publish?.steps.flatMap(({ run = [] }) => run) ?? []
  const place = (command: string) => commands.findIndex(run => run.startsWith(command))

  it('checks the release, runs everything, and only then publishes, with provenance', () => {
    const places = ['node .github/release-check.mjs "$GITHUB_REF_NAME"', '.ci/run', 'npm publish --provenance'].map(
      place,
    )
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(publish?.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
  })

  it.each(['ci', 'release'])('and that of %s use actions by their major version', name => {
    const used = Object.values(workflow(name).jobs).flatMap(({ steps }) => steps.flatMap(({ uses = [] }) => uses))
    expect(used.length).toBeGreaterThan(0)
    expect(used.filter(action => !/^actions\/[\w-]+@v\d+$/.test(action))).toEqual([])
  })
})
