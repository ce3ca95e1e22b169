/** Creates the parts of a simulator from its options: keys, callers, faults, the keeper of its state, its listeners. */
import { setTimeout as delay } from 'node:timers/promises'
import { Control } from './control/control.js'
import { EventStream } from './control/event-stream.js'
import type { Controlled } from './control/operations.js'
import { Faults } from './gateway/faults.js'
import { createPauses, type Pauses } from './gateway/pauses.js'
import { type Listeners, openListeners } from './http/listeners.js'
import { isLoopback } from './http/loopback.js'
import type { RawRequest } from './http/server.js'
import { Callers } from './keys/callers.js'
import { mintKeys, type SimulatorKeys } from './keys/merchant.js'
import { requireValid, type SimulatorOptions } from './options.js'
import { requireSameOwner, settingsOf } from './settings.js'
import { Journal } from './state/journal.js'
import { Keeper } from './state/keeper.js'
import { contentOf, createWorld, type World } from './world.js'

export interface Parts {
  keys: SimulatorKeys
  callers: Callers
  faults: Faults
  createWorld: () => World
  keeper: Keeper
  listeners: Listeners
  pauses: Pauses
  /** Whether other devices can reach it. */
  isOpen: boolean
  /** Notifies the page of a change. */
  changed: () => void
}

/** The simulator that the parts are for. It is used only after it has the parts. */
interface Whole {
  readonly world: () => World
  readonly controlled: () => Controlled
}

/** @throws as `Simulator.start` (the promise rejects). */
export async function createParts(options: SimulatorOptions, { world, controlled }: Whole): Promise<Parts> {
  requireValid(options)
  const { port = 0, httpsPort, host = '127.0.0.1', https = false, as = [] } = options
  const { clock: machine = systemClock, sleep = sleepOnTimer } = options
  const journal = options.state === undefined ? undefined : new Journal(options.state)
  const known = journal?.owner
  if (known) requireSameOwner(known, options)
  const settings = known?.settings ?? settingsOf(options)
  const merchants = settings.merchants.filter(({ role }) => role !== 'brand')
  const [{ mchid } = { mchid: '' }] = merchants
  const keys: SimulatorKeys = structuredClone(known?.keys ?? options.keys) ?? (await mintKeys(mchid, machine()))
  const callers = await Callers.create({
    mchids: merchants.map(merchant => merchant.mchid),
    brandIds: settings.merchants.flatMap(({ role, mchid }) => (role === 'brand' ? [mchid] : [])),
    keys,
    publicKeyOnly: options.publicKeyOnly,
    now: machine(),
  })
  const keeper = new Keeper({
    journal,
    machine,
    owner: () => ({ settings, keys: callers.keys }),
    snapshot: () => contentOf(world()),
  })
  const [faults, pauses, events] = [new Faults(), createPauses(sleep), new EventStream()]
  const control = new Control({
    controlled,
    hosts: isLoopbackHost(host) ? [] : [host],
    events,
  })
  const respond = (request: RawRequest) =>
    control.owns(request) ? control.respond(request) : world().gateway.respond(request)
  const listeners = await openListeners({ host, port, httpsPort, https, as, keys, respond })
  const url = () => listeners.first.url
  return {
    keys,
    callers,
    faults,
    createWorld: () => createWorld({ options, settings, callers, faults, pauses, keeper, events, url }),
    keeper,
    listeners,
    pauses,
    isOpen: !isLoopbackHost(host),
    changed: events.publish,
  }
}

function isLoopbackHost(host: string): boolean {
  return isLoopback(host.includes(':') ? `[${host}]` : host.toLowerCase())
}

// Calls Date.now each time, so that fake timers that are installed later apply, too.
function systemClock(): number {
  return Date.now()
}

function sleepOnTimer(milliseconds: number): Promise<unknown> {
  return delay(milliseconds, undefined, { ref: false })
}
