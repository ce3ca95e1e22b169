/** Starts simulators that share their keys: making new ones takes longer than most specs. */
import { Simulator, type SimulatorKeys, type SimulatorOptions } from '../../lib/simulator/index.js'

/** By the day from which they are valid. */
const minted = new Map<string, Promise<SimulatorKeys>>()

/** Not for specs about the keys themselves. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const day = new Date(options.clock?.() ?? Date.now()).toISOString().slice(0, 10)
  const keys = minted.get(day) ?? mint(Date.parse(day))
  minted.set(day, keys)
  return Simulator.start({ keys: await keys, ...options })
}

async function mint(time: number): Promise<SimulatorKeys> {
  // With https, so that they have its authority.
  await using simulator = await Simulator.start({ clock: () => time, https: true })
  // A brand's are made when it is asked for.
  return simulator.brand && simulator.keys
}
