/** The commands of a test or a payer: run now, and again when the state file is read. */
import { ApiError } from '../errors.js'
import type { Callers } from './keys/callers.js'
import type { Command } from './state/journal.js'
import type { Keeper } from './state/keeper.js'
import { restoreWorld, type World } from './world.js'

type ActCommand = Extract<Command, { number: string }>
type BeginCommand = Extract<Command, { name: 'begin' }>
type AdvanceCommand = Extract<Command, { name: 'advance' }>

interface Commanded {
  readonly callers: Callers
  readonly keeper: Keeper
}

/** Returns the mchid of the merchant that has the number. */
export function act({ ledger }: World, { callers, keeper }: Commanded, command: ActCommand): string {
  const { name, number, options } = command
  const mchids = options.mchid === undefined ? callers.ids() : [options.mchid]
  return keeper.act(command, () => ledger.act(name, mchids, number, options))
}

export function advance({ ledger }: World, { keeper }: Commanded, command: AdvanceCommand): void {
  keeper.act(command, () => {
    ledger.clock.advance(command.span)
    ledger.now()
  })
}

/** Creates what a notification is about. Returns the known fields of its content. */
export function begin(
  { ledger: { book, now } }: World,
  { keeper }: Commanded,
  command: BeginCommand,
): Readonly<Record<string, unknown>> {
  const { event_type, mchid, given } = command
  const beginning = book.beginnings.get(event_type)
  return beginning ? keeper.act(command, () => beginning.begin(mchid, given, now())) : given
}

/** Restores what the state file holds. */
export async function redo(world: World, commanded: Commanded): Promise<void> {
  const { ledger, notifications, gateway } = world
  notifications.hold()
  await commanded.keeper.redo(
    {
      snapshot: saved => restoreWorld(world, saved),
      request: request => gateway.redo(request),
      command: command => redoCommand(world, commanded, command),
      notification: notification => notifications.add(notification),
      progress: progress => notifications.restore(progress),
    },
    ledger.now,
  )
  notifications.release()
}

// A command that was refused before is refused again.
function redoCommand(world: World, commanded: Commanded, command: Command): void {
  try {
    if (command.name === 'begin') begin(world, commanded, command)
    else if (command.name === 'advance') advance(world, commanded, command)
    else act(world, commanded, command)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
  }
}
