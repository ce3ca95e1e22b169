/** A simulator as the control API uses it. */
import type { SimulatorBrandConfig, SimulatorConfig } from './config.js'
import { isBrandPath, type SignedCallOptions, signedCall } from './control/call.js'
import type { Controlled, ControlledSimulator } from './control/operations.js'
import { listOrder } from './control/orders.js'
import { networkUrl } from './http/network.js'
import type { Parts } from './parts.js'
import { contentOf, type World } from './world.js'

interface Configured extends ControlledSimulator {
  configOf(mchid: string): SimulatorConfig
  brandOf(brand_id: string): SimulatorBrandConfig
}

export function createControlled(
  simulator: Configured,
  world: World,
  { callers, faults, isOpen }: Pick<Parts, 'callers' | 'faults' | 'isOpen'>,
): Controlled {
  const { ledger, gateway, notifications } = world
  return {
    simulator,
    get now() {
      return ledger.clock.now()
    },
    get networkUrl() {
      return isOpen ? networkUrl(simulator.url) : undefined
    },
    isHeld: notifications.isHeld,
    faults: faults.active,
    // Few requests need them, and there may be many merchants.
    get configs() {
      return [...callers.merchants.keys()].map(mchid => simulator.configOf(mchid))
    },
    get brands() {
      return [...callers.brands.keys()].map(id => simulator.brandOf(id))
    },
    listEntries: () => ledger.book.entries.list(),
    listOrders: () => ledger.orders.all().map(listOrder),
    content: () => contentOf(world),
    signedCall: call => signedCall(call, callerOf(call), request => gateway.respond(request)),
  }

  function callerOf({ mchid, path }: SignedCallOptions): SimulatorConfig | SimulatorBrandConfig {
    if (mchid === undefined) return isBrandPath(path) ? simulator.brand : simulator.config
    return callers.merchants.has(mchid) ? simulator.configOf(mchid) : simulator.brandOf(mchid)
  }
}
