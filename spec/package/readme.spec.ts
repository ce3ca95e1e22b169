import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { compile } from '../types/compile.js'

const { folder, installed } = inject('installation')
const project = join(import.meta.dirname, '../..')

interface Sample {
  code: string
  /** Marked with `<!-- run -->`: runs as it stands. */
  runs: boolean
}

function samplesOf(document: string): Sample[] {
  const text = readFileSync(join(project, document), 'utf8')
  return [...text.matchAll(/(<!-- run -->\n)?```ts\n([\s\S]*?)```/g)].map(([, mark, code = '']) => ({
    code,
    runs: mark !== undefined,
  }))
}

// The client that the text introduces.
const INTRODUCED = "import type { WechatPay } from 'wechatpay-chain'\ndeclare const wxpay: WechatPay\n"

const program = ({ code }: Sample) => (/^const wxpay\b/m.test(code) ? code : INTRODUCED + code)

/** The code alone: what the two languages say differently are comments and strings. */
const skeleton = ({ code }: Sample) =>
  code
    .replace(/'[^'\n]*'/g, "''")
    .replace(/\/\/.*$/gm, '')
    .replace(/[ \t]+/g, ' ')
    .replace(/ $/gm, '')

const readmes = ['README.md', 'README.zh-CN.md']
const guidesIn = (root: string) => readdirSync(join(root, 'docs/guides')).filter(name => name.endsWith('.md'))
const guides = guidesIn(project)
const documents = [...readmes, ...guides.flatMap(name => [`docs/guides/${name}`, `docs/guides/zh-CN/${name}`])]
  // Coding agents read English.
  .filter(document => document !== 'docs/guides/zh-CN/coding-agents.md')

describe('the documents', () => {
  it('have samples that compile', { timeout: 120_000 }, async () => {
    const samples = documents.flatMap(document => {
      const all = samplesOf(document)
      return all.map((sample, index) => [`${document.replaceAll('/', '-')}-${index + 1}.ts`, program(sample)] as const)
    })
    expect(samples.length).toBeGreaterThan(60)
    const { findings } = await compile(Object.fromEntries(samples), { folder })
    expect(findings).toEqual([])
  })

  it.each(documents.filter(document => document.includes('zh-CN')))(
    '%s has the samples of the English one',
    document => {
      const english = document.replace(/zh-CN\/|\.zh-CN/, '')
      expect(samplesOf(document).map(skeleton)).toEqual(samplesOf(english).map(skeleton))
    },
  )

  it('are in the index for language models where they are packed, and its links lead to files', () => {
    const index = readFileSync(join(installed, 'llms.txt'), 'utf8')
    const links = [...index.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
    const packed = guidesIn(installed).map(name => `docs/guides/${name}`)
    expect(links).toEqual(expect.arrayContaining([...readmes, ...packed]))
    expect(links.filter(link => !existsSync(join(installed, link)))).toEqual([])
  })
})

describe.each(readmes)('%s', readme => {
  const samples = samplesOf(readme)

  it('has a first sample that places an order, pays it and receives the notification', async () => {
    const output = await run(samples[0])
    expect(output).toMatch(/weixin:\/\/wxpay\/\S+\n.*TEA-0001 990 /)
  })

  it('has a sample that mints a notification, which its handler acknowledges', async () => {
    const minting = samples.filter(({ runs }) => runs)[1]
    expect(await run(minting)).toBe('TRANSACTION.SUCCESS\n204\n')
  })
})

/** Runs a sample in the project of the user, at a port that is free, and returns what it prints. */
async function run(sample: Sample | undefined): Promise<string> {
  if (!sample?.runs) throw new Error('The sample is not marked as one that runs.')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  server.close()
  const file = join(folder, 'sample.mjs')
  writeFileSync(file, sample.code.replaceAll('3000', String(address.port)))
  try {
    return (await promisify(execFile)(process.execPath, [file], { cwd: folder })).stdout
  } finally {
    rmSync(file)
  }
}
