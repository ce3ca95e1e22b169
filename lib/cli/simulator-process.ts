/** The simulator in a process of its own, as WeChat Pay is: what a client sends it goes over a real socket. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Simulator, type SimulatorConfig } from '../simulator/index.js'

export interface SimulatorProcess {
  config: SimulatorConfig
  /** Method and path of the request that arrived last. */
  lastRequest(): Promise<string>
  stop(): Promise<void>
}

type Message = { config: SimulatorConfig } | { lastRequest: string }

export async function startSimulatorProcess(): Promise<SimulatorProcess> {
  const child = fork(fileURLToPath(import.meta.url))
  const { config } = await receive(child, 'config')
  return {
    config,
    lastRequest: async () => {
      child.send('lastRequest')
      return (await receive(child, 'lastRequest')).lastRequest
    },
    stop: async () => {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

async function receive<Key extends 'config' | 'lastRequest'>(
  child: ChildProcess,
  key: Key,
): Promise<Extract<Message, Record<Key, unknown>>> {
  const waiting = new AbortController()
  const ended = once(child, 'exit', { signal: waiting.signal }).then(() => [{}])
  const [message] = await Promise.race([once(child, 'message', { signal: waiting.signal }), ended])
  waiting.abort()
  ended.catch(() => {})
  if (key in message) return message
  throw new Error('The simulator ended, or answered out of turn.')
}

async function serve(report: (message: Message) => void): Promise<void> {
  const simulator = await Simulator.start()
  process.on('message', () => {
    const last = simulator.requests.at(-1)
    report({ lastRequest: last ? `${last.method} ${last.path}` : '' })
  })
  process.once('disconnect', () => simulator.close())
  report({ config: simulator.config })
}

const isOwnProcess = process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined
if (isOwnProcess) await serve(message => process.send?.(message))
