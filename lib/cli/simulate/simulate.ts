/** `simulate`: runs a simulator until it is stopped, with its keys in a folder. */
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs'
import { InvalidArgumentError } from '../../index.js'
import { type SimulatedMerchant, Simulator, type SimulatorOptions } from '../../simulator/index.js'
import { control, member } from '../control.js'
import { EXIT, type ExitCode, Failure } from '../exit-codes.js'
import { portFailure } from '../server.js'
import type { Terminal } from '../terminal.js'
import type { Words } from '../words/words.js'
import { hasMerchant, keptMerchant, writeSandbox } from './sandbox.js'

export interface SimulateOptions {
  readonly port: number
  readonly httpsPort: number
  readonly https: boolean
  readonly dir: string
  readonly host: string
  readonly notify?: readonly string[]
  readonly state?: string
  readonly as?: readonly string[]
  readonly mchid?: string
  /** A file with the option `merchants`. */
  readonly merchants?: string
  readonly publicKeyOnly?: boolean
  readonly json?: boolean
}

export async function simulate(terminal: Terminal, options: SimulateOptions): Promise<ExitCode> {
  // Check this before the keys are generated, which takes a moment.
  requireFolder(options.dir, terminal)
  const simulator = await start(options, terminal)
  try {
    const { body: configs } = await control(terminal, simulator.url, 'configs')
    writeSandbox(options.dir, simulator, [...listOf(configs, 'merchants'), ...listOf(configs, 'brands')])
    const networkUrl = member((await control(terminal, simulator.url, 'health')).body, 'networkUrl')
    announce(simulator, typeof networkUrl === 'string' ? `${networkUrl}/_sim/` : undefined, options, terminal)
    await terminal.ended()
  } finally {
    await simulator.close()
  }
  return EXIT.done
}

function announce(
  { url, httpsUrl }: Simulator,
  phones: string | undefined,
  { dir, as, json }: SimulateOptions,
  terminal: Terminal,
): void {
  const page = `${url}/_sim/`
  if (json) terminal.printJson({ url, httpsUrl, page, phones, dir })
  else terminal.print(terminal.words.simulate.ready({ url, httpsUrl, page, phones, dir, isProxy: as !== undefined }))
}

function requireFolder(folder: string, { words }: Terminal): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch {
    throw new Failure(EXIT.failed, words.simulate.unwritable(folder))
  }
}

async function start(options: SimulateOptions, { words }: Terminal): Promise<Simulator> {
  const { dir, https, httpsPort, port } = options
  const merchants = options.merchants === undefined ? undefined : readMerchants(options.merchants, words)
  try {
    return await Simulator.start(settingsOf(options, merchants))
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new Failure(EXIT.usage, words.simulate.refused(error.message))
    if (error instanceof SyntaxError) throw new Failure(EXIT.failed, words.simulate.unreadable(dir))
    const isHttps = https && error instanceof Error && 'port' in error && error.port === httpsPort && httpsPort !== port
    throw portFailure(error, isHttps ? '--https-port' : '--port', words)
  }
}

/** Only a list of objects; the simulator checks what they say. */
function readMerchants(path: string, words: Words): readonly SimulatedMerchant[] {
  let list: unknown
  try {
    list = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    list = undefined
  }
  if (isListOfObjects(list)) return list
  throw new Failure(EXIT.usage, words.simulate.merchants(path))
}

function isListOfObjects(list: unknown): list is SimulatedMerchant[] {
  return Array.isArray(list) && list.every(one => typeof one === 'object' && one !== null)
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = member(value, name)
  return Array.isArray(list) ? list : []
}

function settingsOf(options: SimulateOptions, merchants?: readonly SimulatedMerchant[]): SimulatorOptions {
  const { port, httpsPort, https, host, dir, notify, as, mchid, state, publicKeyOnly } = options
  // A state file contains the keys of its own merchant.
  const isKnown = state !== undefined && hasMerchant(state)
  const first = merchants?.find(({ role }) => role !== 'brand')?.mchid
  const kept = isKnown ? undefined : keptMerchant(dir, mchid ?? first)
  const number = mchid ?? (merchants ? undefined : kept?.mchid)
  return {
    port,
    host,
    ...(https && { httpsPort }),
    ...(notify && { notify }),
    ...(as && { as }),
    ...(state !== undefined && { state }),
    ...(number !== undefined && { mchid: number }),
    ...(merchants && { merchants }),
    ...(kept && { keys: kept.keys }),
    ...(publicKeyOnly && { publicKeyOnly }),
  }
}
