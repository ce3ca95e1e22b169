import { execFile, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, inject, it } from 'vitest'
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
    .replace(/'[^'\n]*'|`[^`\n]*`/g, "''")
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

  it('has a first sample that places an order with `wechatpay simulate`, and receives its notification', async () => {
    const argv = ['simulate', '--port', '0', '--no-https', '--json']
    const command = join(installed, 'dist/cli/wechatpay.js')
    await using simulator = start([command, ...argv])
    const { url } = JSON.parse(await simulator.printed(/\{.*\}/))
    await using shop = start([write(samples[0], await freePort())])
    await shop.printed(/weixin:\/\/wxpay\/\S+/)
    const { orders } = JSON.parse(await (await fetch(`${url}/_sim/orders`)).text())
    const [{ out_trade_no }] = orders
    // What the button of the page does.
    const body = JSON.stringify({ out_trade_no })
    await fetch(`${url}/_sim/pay`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
    await shop.printed(new RegExp(`${out_trade_no} 990 `))
  })

  it('has a sample that mints a notification, which its handler acknowledges', async () => {
    const minting = samples.filter(({ runs }) => runs)[1]
    expect(await run(minting)).toBe('TRANSACTION.SUCCESS\n204\n')
  })
})

describe('the guides', () => {
  const samples = documents.filter(document => document.includes('guides/')).flatMap(samplesThatPrint)
  let outputs: Record<string, string>

  beforeAll(async () => {
    outputs = await runAll(samples)
  })

  it('have a sample each that runs, but for those that only compare', () => {
    expect(samples.length).toBeGreaterThan(20)
  })

  it.each(samples)('$name prints what it says', ({ name, output }) => {
    expect(outputs[name]).toBe(output)
  })
})

interface PrintingSample {
  name: string
  code: string
  output: string
}

/** The samples that are marked as those that run, each with the output that follows it. */
function samplesThatPrint(document: string): PrintingSample[] {
  const text = readFileSync(join(project, document), 'utf8')
  const found = [...text.matchAll(/<!-- run -->\n```ts\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g)]
  return found.map(([, code = '', output = ''], index) => ({
    name: `${document.replaceAll('/', '-')}-${index + 1}`,
    code,
    output,
  }))
}

/** One process for all, and one set of keys for their simulators: generating keys takes longer than running a sample. */
const RUNNER = `
import { readFileSync } from 'node:fs'
import { format } from 'node:util'
import { Simulator } from 'wechatpay-chain/simulator'

const first = await Simulator.start()
first.brand
const { keys } = first
await first.close()
const start = Simulator.start
Simulator.start = options => start.call(Simulator, { keys, ...options })

const outputs = {}
for (const name of JSON.parse(readFileSync('samples.json', 'utf8'))) {
  outputs[name] = ''
  console.log = (...values) => { outputs[name] += format(...values) + '\\n' }
  await import('./' + name + '.mjs').catch(error => { outputs[name] += error.stack })
}
process.stdout.write(JSON.stringify(outputs), () => process.exit())
`

async function runAll(samples: readonly PrintingSample[]): Promise<Record<string, string>> {
  const home = mkdtempSync(join(folder, 'guides-'))
  const port = await freePort()
  const files = samples.map(({ name, code }) => [`${name}.mjs`, code.replaceAll('3000', port)] as const)
  for (const [file, content] of [
    ...files,
    ['run.mjs', RUNNER],
    ['samples.json', JSON.stringify(samples.map(({ name }) => name))],
  ] as const) {
    writeFileSync(join(home, file), content)
  }
  const { stdout } = await promisify(execFile)(process.execPath, ['run.mjs'], { cwd: home })
  return JSON.parse(stdout)
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  server.close()
  return String(address.port)
}

/** A program in the project of the user, until it is disposed of. */
function start(argv: readonly string[]) {
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  const changed = new EventEmitter()
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    changed.emit('output')
  })
  return {
    async printed(pattern: RegExp): Promise<string> {
      for (;;) {
        const [found] = pattern.exec(output) ?? []
        if (found !== undefined) return found
        if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}: ${output}`)
        await Promise.race([once(changed, 'output'), once(child, 'exit')])
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** Writes a sample to the project of the user, with its server at this port. */
function write(sample: Sample | undefined, port: string): string {
  if (!sample?.runs) throw new Error('The sample is not marked as one that runs.')
  const file = join(folder, 'sample.mjs')
  writeFileSync(file, sample.code.replaceAll('3000', port))
  return file
}

/** Runs a sample in the project of the user, at a port that is free, and returns what it prints. */
async function run(sample: Sample | undefined): Promise<string> {
  const file = write(sample, await freePort())
  try {
    return (await promisify(execFile)(process.execPath, [file], { cwd: folder })).stdout
  } finally {
    rmSync(file)
  }
}
