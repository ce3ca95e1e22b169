/** The simulator in a process of its own, as WeChat Pay is: what a client sends it goes over a real socket. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Simulator, type SimulatorConfig } from '../simulator/index.js'

export interface SimulatorProcess {
  config: SimulatorConfig
  /** Method and path of the request that arrived last. */
  lastRequest(): Promise<string>
  /** The payer pays the order; the notification leaves by itself. */
  pay(out_trade_no: string): Promise<void>
  stop(): Promise<void>
}

type Request = { ask: 'lastRequest' } | { ask: 'pay'; out_trade_no: string }
type Message = { config: SimulatorConfig } | { lastRequest: string } | { transaction_id: string }

export async function startSimulatorProcess(): Promise<SimulatorProcess> {
  const child = fork(fileURLToPath(import.meta.url))
  const { config } = await receive(child, 'config')
  const ask = (request: Request) => child.send(request)
  return {
    config,
    lastRequest: async () => {
      ask({ ask: 'lastRequest' })
      return (await receive(child, 'lastRequest')).lastRequest
    },
    pay: async out_trade_no => {
      ask({ ask: 'pay', out_trade_no })
      await receive(child, 'transaction_id')
    },
    stop: async () => {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

async function receive<Key extends 'config' | 'lastRequest' | 'transaction_id'>(
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
  process.on('message', (request: Request) => {
    if (request.ask === 'pay') return report(simulator.pay(request.out_trade_no))
    const last = simulator.requests.at(-1)
    report({ lastRequest: last ? `${last.method} ${last.path}` : '' })
  })
  process.once('disconnect', () => simulator.close())
  report({ config: simulator.config })
}

const isOwnProcess = process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined
if (isOwnProcess) await serve(message => process.send?.(message))
