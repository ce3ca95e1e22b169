/** The state of a simulator and its gateway: everything that `reset` creates again. */
import type { EventStream } from './control/event-stream.js'
import type { Faults } from './gateway/faults.js'
import { Gateway } from './gateway/gateway.js'
import type { Pauses } from './gateway/pauses.js'
import { Registry } from './gateway/registry.js'
import { RequestLog } from './gateway/request-log.js'
import { V2Gateway } from './gateway/v2/gateway.js'
import type { Callers } from './keys/callers.js'
import { Alarm } from './ledger/alarm.js'
import { BusinessClock } from './ledger/clock.js'
import { createLedger, type Ledger } from './ledger/ledger.js'
import type { LedgerSettings } from './ledger/ledger-settings.js'
import { notificationOf } from './notify/events.js'
import { Notifications } from './notify/notifications.js'
import type { SimulatorOptions } from './options.js'
import { v2Endpoints, v3Endpoints } from './products/endpoints.js'
import type { SimulatorSnapshot } from './state/journal.js'
import type { Keeper } from './state/keeper.js'

export interface World {
  readonly ledger: Ledger
  readonly log: RequestLog
  readonly notifications: Notifications
  readonly alarm: Alarm
  readonly gateway: Gateway
}

interface WorldOptions {
  options: SimulatorOptions
  settings: LedgerSettings
  callers: Callers
  faults: Faults
  pauses: Pauses
  keeper: Keeper
  events: EventStream
  /** The URL of the simulator. */
  url: () => string
}

export function createWorld(world: WorldOptions): World {
  const { callers, faults, pauses, keeper, events } = world
  const { bills, notify = [], clock: given } = world.options
  const { clock } = keeper
  const ledger = createLedger(new BusinessClock(clock), world.settings)
  const businessClock = ledger.clock.now
  const log = new RequestLog(events.publish)
  const isAutomatic = given === undefined
  const notifications = new Notifications({
    clock,
    businessClock,
    callers,
    hosts: notify,
    isAutomatic,
    onProgress: keeper.addProgress,
    onChange: events.publish,
  })
  const alarm = new Alarm(businessClock, () => {
    ledger.now()
    events.publish()
  })
  ledger.book.listen(
    notice => notifications.add(notificationOf(notice, businessClock())),
    at => isAutomatic && alarm.set(at),
  )
  const gateway = new Gateway({
    callers,
    registry: new Registry(v3Endpoints(ledger, { origin: world.url, bills }), ledger),
    v2: new V2Gateway({ callers, merchants: ledger.merchants, endpoints: v2Endpoints(ledger) }),
    faults,
    log,
    clock,
    businessTime: time => {
      ledger.now()
      return time + ledger.clock.ahead
    },
    takeTouched: () => ledger.book.takeTouched(),
    pause: pauses.pause,
    change: keeper.change,
  })
  return { ledger, log, notifications, alarm, gateway }
}

/** Not a copy: the caller must serialize it at once. */
export function contentOf({ ledger, notifications, log }: World): SimulatorSnapshot {
  return { ledger: ledger.book.content(), notifications: notifications.snapshot(), requests: log.content }
}

/** @throws InvalidArgumentError for a snapshot of a different format. */
export function restoreWorld({ ledger, notifications, log }: World, snapshot: SimulatorSnapshot): void {
  ledger.restore(snapshot.ledger)
  notifications.restoreAll(snapshot.notifications)
  log.restore(snapshot.requests)
}

export function closeWorld({ notifications, alarm }: World): void {
  notifications.close()
  alarm.close()
}
