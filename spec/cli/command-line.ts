/** Runs the command line in this process: its streams are in memory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { run } from '../../lib/cli/run.js'
import { sharedKeys } from '../simulator/start.js'

interface RunOptions {
  environment?: Record<string, string>
  /** Standard input. */
  input?: string | undefined
  isTerminal?: boolean
  signal?: AbortSignal
}

export interface Ended {
  exitCode: number
  stdout: string
  stderr: string
}

export async function wechatpay(
  argv: readonly string[],
  { environment = {}, input = '', isTerminal = false, signal = new AbortController().signal }: RunOptions = {},
): Promise<Ended> {
  const [stdout, stderr] = [memory(isTerminal), memory(isTerminal)]
  const stdin = Object.assign(Readable.from([input]), { isTTY: isTerminal })
  const exitCode = await run(argv, { stdin, stdout: stdout.stream, stderr: stderr.stream, signal }, environment)
  return { exitCode, stdout: stdout.read(), stderr: stderr.read() }
}

export interface Running {
  /** Resolves when standard output or standard error has it. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  output(): string
  end(): Promise<number>
}

/** A command that runs until it is ended. */
export function running(argv: readonly string[], environment: Record<string, string> = {}): Running {
  const controller = new AbortController()
  const [stdout, stderr] = [memory(false), memory(false)]
  const streams = { stdin: Readable.from([]), stdout: stdout.stream, stderr: stderr.stream, signal: controller.signal }
  const ended = run(argv, streams, environment)
  const output = () => stdout.read() + stderr.read()
  return {
    output,
    printed: pattern =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output())
          if (found) resolve(found)
        }
        stdout.stream.on('written', look)
        stderr.stream.on('written', look)
        ended.then(exitCode => reject(new Error(`It ended with ${exitCode}: ${output()}`)))
        look()
      }),
    end: () => {
      controller.abort()
      return ended
    },
  }
}

function memory(isTTY: boolean) {
  const chunks: string[] = []
  const stream = Object.assign(new PassThrough(), { isTTY })
  stream.on('data', (chunk: Buffer) => {
    chunks.push(String(chunk))
    stream.emit('written')
  })
  return { stream, read: () => chunks.join('') }
}

/** Gives a folder of `simulate` these keys, with those of https. */
export async function seedSandbox(folder: string): Promise<void> {
  mkdirSync(folder)
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ mchid: '1900000109', keys: await sharedKeys() }))
}

export interface Folder {
  path: string
  write(name: string, content: string | object): string
  remove(): void
}

export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'wechatpay-cli-'))
  return {
    path,
    write: (name, content) => {
      const file = join(path, name)
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
      return file
    },
    remove: () => rmSync(path, { recursive: true }),
  }
}
