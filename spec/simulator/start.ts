/** Starts simulators that share their keys: making new ones takes longer than most specs. */
import { Simulator, type SimulatorKeys, type SimulatorOptions } from '../../lib/simulator/index.js'

/** By the day from which they are valid. */
const minted = new Map<string, Promise<SimulatorKeys>>()

/** Not for specs about the keys themselves. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  return Simulator.start({ keys: await sharedKeys(options.clock?.()), ...options })
}

/** Those of the process, valid at the time, with those of https and of a brand. */
export function sharedKeys(time = Date.now()): Promise<SimulatorKeys> {
  const day = new Date(time).toISOString().slice(0, 10)
  const keys = minted.get(day) ?? mint(Date.parse(day))
  minted.set(day, keys)
  return keys
}

async function mint(time: number): Promise<SimulatorKeys> {
  await using simulator = await Simulator.start({ clock: () => time, https: true })
  // The first look makes them.
  void simulator.brand
  return simulator.keys
}
