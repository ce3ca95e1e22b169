/** A shop in the simulator: a merchant's client, and a real server that receives its notifications. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, expect } from 'vitest'
import * as Bill from '../../../lib/bill/index.js'
import * as Builder from '../../../lib/builder.js'
import type { NotificationEvent } from '../../../lib/notification/index.js'
import * as Notification from '../../../lib/notification/index.js'
import type { Simulator, SimulatorOptions } from '../../../lib/simulator/index.js'
import type { BrandPay, WechatPay } from '../../../lib/types/wechatpay.js'
import { readAll } from '../../async.js'
import { eventMisfit } from '../catalogue-requests.js'
import { startSimulator } from '../start.js'
import { watchResponses } from './responses.js'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

export const appid = 'wxd678efh567hg6787'

let count = 0

/** A number that no other request has. */
export function number(prefix = 'NUMBER'): string {
  count += 1
  return `${prefix}${Date.now()}${count}`
}

type AccountType = 'BASIC' | 'OPERATION'

export interface Shop {
  readonly simulator: Simulator
  readonly wxpay: WechatPay
  /** The client of the brand, with its notifications at the same address. */
  readonly brandpay: BrandPay
  readonly mchid: string
  readonly notify_url: string
  /** The day on which the shop opens, at noon in Beijing: `YYYY-MM-DD`. */
  readonly day: string
  /** Delivers the notifications that are due, and returns what the spec has received since the last call. */
  readonly received: () => Promise<NotificationEvent[]>
  /** The types of {@link received}. */
  readonly told: () => Promise<string[]>
  /** Goes on to noon of the next day, when the bills of the first are there. */
  readonly nextDay: () => Promise<void>
  /** The trade bill of the first day. */
  readonly trades: (bill_type?: 'ALL' | 'SUCCESS' | 'REFUND') => Promise<{
    rows: Bill.BillRow<Bill.TradeTitle>[]
    summary: Bill.BillRow<Bill.TradeSummaryTitle> | undefined
  }>
  /** The number, the business and the fen of each movement of an account on the first day, in their order. */
  readonly flows: (
    account_type?: AccountType,
    sub_mchid?: string,
  ) => Promise<[no: string, business: string, fen: number][]>
  /** Fen in the account at the end of the first day. */
  readonly balance: (account_type?: AccountType, sub_mchid?: string) => Promise<number>
}

/**
 * Opens a shop at noon in Beijing; it closes after the specs of the file. What it receives must fit the documented schema of
 * the event.
 */
export async function openShop(options: SimulatorOptions = {}): Promise<Shop> {
  // With a clock of its own, notifications wait for `deliver`.
  const simulator = await startSimulator({ clock: Date.now, ...options })
  const { brand, config } = simulator
  const responses = watchResponses(simulator.url)
  const wxpay = Builder.factory(config)
  const events: NotificationEvent[] = []
  const receive = Notification.create([config, brand]).handler(async event => void events.push(event))
  const server = createServer((request, response) => receive.node(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const entries = async () =>
    simulator.url === simulator.httpsUrl ? [] : (await fetch(`${simulator.url}/_sim/entries`)).json()
  afterAll(async () => {
    expect([...new Set(responses.misfits())]).toEqual([])
    // Whatever the story has left behind is plain data, from which the same begins again.
    const [known, saved] = [await entries(), asJson(simulator.snapshot())]
    simulator.restore(saved)
    expect(await entries()).toEqual(known)
    expect(asJson(simulator.snapshot())).toEqual(saved)
    server.close()
    await simulator.close()
  })
  const now = Date.now()
  const noon = now + DAY - ((now - 4 * HOUR) % DAY)
  await simulator.advance({ seconds: (noon - now) / 1000 })
  const day = new Date(noon + 8 * HOUR).toISOString().slice(0, 10)
  const received = async () => {
    await simulator.deliver()
    const misfits = events.map(({ event_type, resource }) => eventMisfit(event_type, resource))
    expect(misfits.filter(misfit => misfit !== undefined)).toEqual([])
    return events.splice(0)
  }
  afterEach(async () => void (await received()))
  const flow = async (account_type: AccountType, sub_mchid?: string) => {
    const query = { bill_date: day, account_type }
    const bill = sub_mchid
      ? await Bill.subMerchantFundflow(wxpay, { ...query, sub_mchid })
      : await Bill.fundflow(wxpay, query)
    return readAll(bill.rows())
  }
  return {
    simulator,
    wxpay,
    brandpay: Builder.factory(brand),
    mchid: config.mchid,
    notify_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`,
    day,
    received,
    told: async () => (await received()).map(({ event_type }) => event_type),
    nextDay: () => simulator.advance({ days: 1 }),
    async trades(bill_type = 'ALL') {
      const bill = await Bill.trade(wxpay, { bill_date: day, bill_type })
      return { rows: await readAll(bill.rows()), summary: bill.summary }
    },
    async flows(account_type = 'BASIC', sub_mchid) {
      return (await flow(account_type, sub_mchid)).map(row => [row.业务凭证号, row.业务名称, signed(row)])
    },
    async balance(account_type = 'BASIC', sub_mchid) {
      return Bill.fen((await flow(account_type, sub_mchid)).at(-1)?.['账户结余(元)'] ?? '')
    },
  }
}

function asJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value))
}

function signed(row: Bill.BillRow<Bill.FundflowTitle>): number {
  return Bill.fen(row['收支金额(元)']) * (row.收支类型 === '支出' ? -1 : 1)
}
