import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, inject, it, onTestFinished } from 'vitest'

const { installed } = inject('installation')
const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
const command = join(installed, manifest.bin.wechatpay)
const folder = mkdtempSync(join(tmpdir(), 'wechatpay-command-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Without the language and the colours of whoever runs the specs. */
const env = { PATH: process.env.PATH, NO_COLOR: '1' }

async function wechatpay(...argv: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  try {
    const ended = await promisify(execFile)(process.execPath, [command, ...argv], { cwd: folder, env })
    return { exitCode: 0, ...ended }
  } catch (error) {
    const { code, stdout, stderr } = Object(error)
    return { exitCode: code, stdout, stderr }
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text
}

describe('the command `wechatpay`', () => {
  it('is a program of Node, with commander in it', () => {
    expect(readFileSync(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(readFileSync(join(installed, 'dist/licenses.txt'), 'utf8')).toMatch(/^commander \d/m)
    expect(Object.keys(manifest.dependencies)).not.toContain('commander')
  })

  it('runs a simulator in an empty folder, is called with its configuration, and ends on SIGTERM', async () => {
    const argv = ['simulate', '--port', '0', '--no-https', '--json']
    const child = spawn(process.execPath, [command, ...argv], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill())
    const { url, page } = JSON.parse(await firstLine(child))
    expect(page).toBe(`${url}/_sim/`)
    expect(existsSync(join(folder, 'wechatpay-sandbox/config.json'))).toBe(true)
    const config = ['--config', 'wechatpay-sandbox/config.json']
    const [called, checked] = await Promise.all([
      wechatpay('call', 'GET', 'v3/certificates', ...config),
      wechatpay('doctor', ...config),
    ])
    expect(JSON.parse(called.stdout)).toMatchObject({ data: [{}] })
    expect(checked).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining('✗') })
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('has the exit codes that scripts rely on, and completes', async () => {
    const [wrong, unreachable, completion] = await Promise.all([
      wechatpay('call', 'GET'),
      wechatpay('logs', '--url', 'http://127.0.0.1:1'),
      wechatpay('completion', 'bash'),
    ])
    expect([wrong.exitCode, unreachable.exitCode]).toEqual([2, 5])
    expect(completion.stdout).toContain('complete -o default -F _wechatpay wechatpay')
  })
})
