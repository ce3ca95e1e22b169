/** Runs the simulator in a separate process, so that the demo reaches it only over the network, like WeChat Pay. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Simulator, type SimulatorConfig } from '../simulator/index.js'

export interface SimulatorProcess {
  config: SimulatorConfig
  /** Method and path of the last request. */
  lastRequest(): Promise<string>
  /** The payer pays the order. The simulator then sends the notification. */
  pay(out_trade_no: string): Promise<void>
  stop(): Promise<void>
}

type Command = { name: 'lastRequest' } | { name: 'pay'; out_trade_no: string }
type Reply = { config: SimulatorConfig } | { lastRequest: string } | { transaction_id: string }

export async function startSimulatorProcess(): Promise<SimulatorProcess> {
  const child = fork(fileURLToPath(import.meta.url))
  const { config } = await receive(child, 'config')
  const send = (command: Command) => child.send(command)
  return {
    config,
    lastRequest: async () => {
      send({ name: 'lastRequest' })
      return (await receive(child, 'lastRequest')).lastRequest
    },
    pay: async out_trade_no => {
      send({ name: 'pay', out_trade_no })
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
): Promise<Extract<Reply, Record<Key, unknown>>> {
  const waiting = new AbortController()
  const ended = once(child, 'exit', { signal: waiting.signal }).then(() => [{}])
  const [message] = await Promise.race([once(child, 'message', { signal: waiting.signal }), ended])
  waiting.abort()
  ended.catch(() => {})
  if (key in message) return message
  throw new Error('The simulator process exited or sent an unexpected message.')
}

async function serve(reply: (message: Reply) => void): Promise<void> {
  const simulator = await Simulator.start({ bills: { rows: 20 } })
  process.on('message', (command: Command) => {
    if (command.name === 'pay') return reply(simulator.pay(command.out_trade_no))
    const last = simulator.requests.at(-1)
    reply({ lastRequest: last ? `${last.method} ${last.path}` : '' })
  })
  process.once('disconnect', () => simulator.close())
  reply({ config: simulator.config })
}

const isSimulatorProcess = process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined
if (isSimulatorProcess) await serve(message => process.send?.(message))
