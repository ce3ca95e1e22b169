import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.js'
import { en } from '../../lib/cli/words/en.js'
import { zh } from '../../lib/cli/words/zh.js'
import { wechatpay } from './command-line.js'

const COMMANDS = ['simulate', 'call', 'doctor', 'certificates', 'listen', 'trigger', 'logs', 'completion']

const CHINESE = /\p{Script=Han}/u

describe('the help', () => {
  it('names every command, examples and exit codes', async () => {
    const { exitCode, stdout, stderr } = await wechatpay(['--help'])
    expect({ exitCode, stderr }).toEqual({ exitCode: EXIT.done, stderr: '' })
    for (const command of COMMANDS) expect(stdout).toContain(`  ${command} `)
    expect(stdout).toContain('$ npx wechatpay simulate')
    for (const code of Object.values(EXIT)) expect(stdout).toMatch(new RegExp(`^  ${code}  \\S`, 'm'))
  })

  it.each(COMMANDS)('of %s has an example that begins with it', async command => {
    const { exitCode, stdout } = await wechatpay([command, '--help'])
    expect(exitCode).toBe(EXIT.done)
    expect(stdout).toMatch(new RegExp(`^Usage: wechatpay ${command} `))
    expect(stdout).toContain(`npx wechatpay ${command} `.trimEnd())
    expect(stdout).not.toMatch(CHINESE)
  })

  it.each(COMMANDS)('of %s is in Chinese in a Chinese environment', async command => {
    const { stdout } = await wechatpay([command, '--help'], { environment: { LANG: 'zh_CN.UTF-8' } })
    const sentences = stdout.split('\n').filter(line => line !== '' && !/^\s+(?:\$ |-|\d {2})/.test(line))
    expect(sentences.filter(line => !CHINESE.test(line))).toEqual([])
  })

  it.each([
    [[], { LC_ALL: 'zh_CN.UTF-8', LANG: 'en_US.UTF-8' }, true],
    [[], { LC_ALL: 'C', LANG: 'zh_CN.UTF-8' }, false],
    [[], { LANG: 'de_DE.UTF-8' }, false],
    [['--lang', 'zh'], {}, true],
    [['--lang=en'], { LANG: 'zh_CN.UTF-8' }, false],
  ])('with %j and %j is Chinese: %s', async (argv, environment, isChinese) => {
    const { stdout } = await wechatpay(['--help', ...argv], { environment })
    expect(CHINESE.test(stdout)).toBe(isChinese)
  })

  it('is what a command line without a command gets, as wrong usage', async () => {
    const { exitCode, stderr } = await wechatpay([])
    expect(exitCode).toBe(EXIT.usage)
    expect(stderr).toContain('npx wechatpay simulate')
  })

  it('has the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(await wechatpay(['--version'])).toEqual({ exitCode: EXIT.done, stdout: `${version}\n`, stderr: '' })
  })
})

describe('wrong usage', () => {
  it.each([
    [['simulat'], /'simulat'.*simulate\?/],
    [['simulate', '--prot', '1'], /--prot.*--port\?/],
    [['simulate', '--port', 'x'], /--port .*0 .*65535.*'x'/],
    [['simulate', '--port'], /--port/],
    [['call', 'GET'], /<path>/],
    [['doctor', 'extra'], /too many/i],
    [['--lang', 'fr', 'logs'], /--lang.*'fr'/],
    [['--lang', 'toString', 'logs'], /--lang.*'toString'/],
    [['completion', 'tcsh'], /bash, zsh or fish.*'tcsh'/],
    [['certificates'], /--config/],
    [['certificates', '--config', 'missing.json'], /missing\.json/],
    [['certificates', '--config', 'README.md'], /README\.md.*JSON/],
  ])('%j is one line on standard error', async (argv, expected) => {
    const { exitCode, stdout, stderr } = await wechatpay(argv)
    expect(exitCode).toBe(EXIT.usage)
    expect(stdout).toBe('')
    expect(stderr).toMatch(expected)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    const chinese = await wechatpay(argv, { environment: { LC_ALL: 'zh_CN.UTF-8' } })
    expect(chinese).toMatchObject({ exitCode, stdout: '', stderr: expect.stringMatching(CHINESE) })
    expect(chinese.stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})

describe('the words', () => {
  /** The sentences, with the functions called with something to recognise. */
  function sentencesOf(words: unknown, path = ''): [string, string][] {
    if (typeof words === 'string') return [[path, words]]
    if (typeof words === 'function') return [[path, String(words)]]
    if (typeof words !== 'object' || words === null) return []
    return Object.entries(words).flatMap(([name, inner]) => sentencesOf(inner, `${path}.${name}`))
  }

  it('are Chinese in the Chinese table, and not in the English one, but for the names of menus', () => {
    // The code and the punctuation around values have no language.
    const neutral = /^\.(?:mistake|errors\.(?:what|facts)|doctor\.line|steps\.failed|call\.(?:isYes|progress|status))$/
    const untranslated = sentencesOf(zh).filter(([path, text]) => !CHINESE.test(text) && !neutral.test(path))
    expect(untranslated).toEqual([])
    const named = /商户平台|商户号|账户中心|微信支付公钥|API安全|APIv3密钥/g
    const chinese = sentencesOf(en).filter(([, text]) => CHINESE.test(text.replace(named, '')))
    expect(chinese).toEqual([])
  })
})

describe('colours', () => {
  it('are printed to terminals, unless NO_COLOR is set', async () => {
    const colour = '\u001B['
    const argv = ['simulat']
    expect((await wechatpay(argv)).stderr).not.toContain(colour)
    expect((await wechatpay(argv, { isTerminal: true })).stderr).toContain(colour)
    const plain = { isTerminal: true, environment: { NO_COLOR: '1' } }
    expect((await wechatpay(argv, plain)).stderr).not.toContain(colour)
    const dumb = { isTerminal: true, environment: { TERM: 'dumb' } }
    expect((await wechatpay(argv, dumb)).stderr).not.toContain(colour)
  })
})

describe('the code of a command', () => {
  const lib = resolve(import.meta.dirname, '../../lib')

  /** The files that a file loads at once, with those that they load. */
  function loadedWith(file: string, found = new Set<string>()): Set<string> {
    if (found.has(file)) return found
    found.add(file)
    const source = readFileSync(file, 'utf8')
    for (const [, path = ''] of source.matchAll(/^import (?!type\b)[^']*?from '(\.[^']+)'/gm)) {
      loadedWith(join(dirname(file), path.replace(/\.js$/, '.ts')), found)
    }
    return found
  }

  it('is loaded when it runs: the program starts with the strings only', () => {
    const loaded = [...loadedWith(join(lib, 'cli/wechatpay.ts'))].map(file => file.slice(lib.length + 1))
    expect(loaded).toContain('cli/program.ts')
    expect(loaded).toContain('cli/words/zh.ts')
    expect(loaded.filter(file => !/^cli\/(?:words\/|[\w-]+\.ts$)/.test(file))).toEqual([])
    expect(loaded.filter(file => /\/(?:call|listen|logs|configuration|server)\.ts$/.test(file))).toEqual([])
  })
})

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('of %s knows every command and its options', async shell => {
    const { exitCode, stdout } = await wechatpay(['completion', shell])
    expect(exitCode).toBe(EXIT.done)
    for (const command of COMMANDS) expect(stdout).toContain(command)
    for (const option of ['https-port', 'forward-to', 'override', 'sink', 'notify-url'])
      expect(stdout).toContain(option)
  })

  it('completes in bash', async () => {
    const { stdout } = await wechatpay(['completion', 'bash'])
    const complete = (...words: string[]) => {
      const line = words.map(word => `'${word}'`).join(' ')
      const script = `${stdout}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _wechatpay; echo "\${COMPREPLY[@]}"`
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim()
    }
    expect(complete('wechatpay', 'sim')).toBe('simulate')
    expect(complete('wechatpay', 'listen', '--forw')).toBe('--forward-to')
    expect(complete('wechatpay', 'call', 'PA')).toBe('PATCH')
    expect(complete('wechatpay', 'completion', '')).toBe('bash zsh fish')
  })
})
