import { describe, expect, it } from 'vitest'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import type { Notice } from '../../../lib/simulator/ledger/book.js'
import { BusinessClock } from '../../../lib/simulator/ledger/clock.js'
import { createLedger, type Ledger } from '../../../lib/simulator/ledger/ledger.js'

const MCHID = '1900000109'
const NOW = Date.UTC(2026, 10, 24, 8)
const notify_url = 'http://127.0.0.1:3000/notify'

function open(): { ledger: Ledger; notices: Notice[]; wakes: number[] } {
  const ledger = createLedger(new BusinessClock(() => NOW), { merchants: [{ mchid: MCHID }], payers: [] })
  const notices: Notice[] = []
  const wakes: number[] = []
  ledger.book.listen(
    notice => notices.push(notice),
    at => wakes.push(at),
  )
  return { ledger, notices, wakes }
}

function order(out_trade_no: string, total = 100) {
  return { mchid: MCHID, appid: 'wx1', description: '商品', out_trade_no, amount: { total }, notify_url }
}

function refund(out_trade_no: string, out_refund_no: string, fen: number, total = 100) {
  return { out_trade_no, out_refund_no, notify_url, amount: { refund: fen, total, currency: 'CNY' } }
}

function transfer(out_bill_no: string, transfer_amount: number) {
  return {
    appid: 'wx1',
    out_bill_no,
    openid: 'o',
    transfer_amount,
    transfer_remark: '报销',
    transfer_scene_id: '1000',
    notify_url,
  }
}

describe('the ledger', () => {
  it('continues from a snapshot that was converted to JSON, with the scheduled tasks', () => {
    const { ledger } = open()
    ledger.orders.place(MCHID, 'NATIVE', order('a'), NOW)
    ledger.orders.place(MCHID, 'NATIVE', order('b'), NOW)
    ledger.act('pay', [MCHID], 'a', {})
    ledger.refunds.place(MCHID, refund('a', 'r', 40), NOW)
    ledger.transfers.transfer(MCHID, transfer('t', 30), NOW)
    ledger.clock.advance({ minutes: 19 })
    const snapshot = JSON.parse(JSON.stringify(ledger.snapshot()))

    const { ledger: restored, notices, wakes } = open()
    restored.restore(snapshot)
    expect(restored.snapshot()).toEqual(ledger.snapshot())
    expect(wakes).toContain(NOW + 20 * 60_000)
    expect(restored.orders.find(MCHID, 'a')).toMatchObject({ state: 'REFUND', refunded: 40 })
    expect(restored.refunds.find(MCHID, 'r').row.state).toBe('PROCESSING')
    restored.clock.advance({ minutes: 1 })
    restored.now()
    expect(restored.refunds.find(MCHID, 'r').row.state).toBe('SUCCESS')
    expect(notices).toMatchObject([{ event_type: 'REFUND.SUCCESS' }])
    expect(ledger.refunds.find(MCHID, 'r').row.state).toBe('PROCESSING')
    // Its numbers go on, too.
    const next = restored.orders.place(MCHID, 'NATIVE', order('c'), NOW)
    expect([restored.orders.find(MCHID, 'a'), restored.orders.find(MCHID, 'b')]).not.toContainEqual(
      expect.objectContaining({ prepayId: next.prepayId }),
    )
  })

  it('refuses the snapshot of a different version', () => {
    const { ledger } = open()
    expect(() => ledger.restore({ ...ledger.snapshot(), format: 2 as never })).toThrow(/`state`/)
  })
})

describe('the balance of a merchant', () => {
  it('is the income less the expenses', () => {
    const { ledger } = open()
    ledger.orders.place(MCHID, 'NATIVE', order('a', 500), NOW)
    ledger.act('pay', [MCHID], 'a', {})
    ledger.refunds.place(MCHID, refund('a', 'r1', 200, 500), NOW)
    ledger.refunds.place(MCHID, refund('a', 'r2', 100, 500), NOW)
    ledger.act('settle', [MCHID], 'r2', { fail: 'CLOSED' })
    expect(ledger.accounts.balance(MCHID)).toBe(OPENING_BALANCE + 300)
    expect(ledger.orders.find(MCHID, 'a')).toMatchObject({ refunded: 200 })
  })

  it('is NOT_ENOUGH for a transfer or a refund of more, which is then not made', () => {
    const { ledger } = open()
    ledger.orders.place(MCHID, 'NATIVE', order('a', 500), NOW)
    ledger.act('pay', [MCHID], 'a', {})
    ledger.accounts.open(MCHID, 'BASIC', 99)
    ledger.accounts.open(MCHID, 'OPERATION', 99)
    const refused = expect.objectContaining({ statusCode: 403, code: 'NOT_ENOUGH' })
    expect(() => ledger.refunds.place(MCHID, refund('a', 'r', 100, 500), NOW)).toThrow(refused)
    expect(() => ledger.transfers.transfer(MCHID, transfer('t', 100), NOW)).toThrow(refused)
    expect(ledger.orders.find(MCHID, 'a')).toMatchObject({ state: 'SUCCESS', refunded: 0 })
    expect(() => ledger.transfers.find(MCHID, 't')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    ledger.accounts.open(MCHID, 'OPERATION', 100)
    ledger.transfers.transfer(MCHID, transfer('t', 100), NOW)
    expect(ledger.accounts.balance(MCHID, 'OPERATION')).toBe(0)
    ledger.act('confirm', [MCHID], 't', { fail: 'PAYEE_ACCOUNT_ABNORMAL' })
    expect(ledger.accounts.balance(MCHID, 'OPERATION')).toBe(100)
  })
})

describe('the money of an order in a different currency', () => {
  const inDollars = (out_trade_no: string, over: object = {}) => ({
    ...order(out_trade_no),
    amount: { total: 100, currency: 'USD' },
    ...over,
  })
  const balances = ({ accounts }: Ledger) => ['CNY', 'USD'].map(currency => accounts.balance(MCHID, 'BASIC', currency))

  it('is a balance of its own, also after a snapshot', () => {
    const { ledger } = open()
    ledger.orders.place(MCHID, 'NATIVE', order('a'), NOW)
    ledger.orders.place(MCHID, 'NATIVE', inDollars('b'), NOW, { version: 'global' })
    for (const number of ['a', 'b']) ledger.act('pay', [MCHID], number, {})
    const { ledger: restored } = open()
    restored.restore(JSON.parse(JSON.stringify(ledger.snapshot())))
    restored.refunds.place(MCHID, refund('b', 'r', 40), NOW, 'global')
    expect([balances(ledger), balances(restored)]).toEqual([
      [OPENING_BALANCE + 100, 100],
      [OPENING_BALANCE + 100, 60],
    ])
    const flows = restored.accounts.movementsOn(MCHID, 'BASIC', '20261124')
    expect(flows.map(({ no, balance }) => [no, balance])).toEqual([['a', OPENING_BALANCE + 100]])
    expect(restored.accounts.balanceAfter(MCHID, 'BASIC', '20261123')).toBe(OPENING_BALANCE)
  })

  it('is not taken from the yuan of the merchant, and freezes none of them', () => {
    const { ledger } = open()
    const settle_info = { profit_sharing: true }
    ledger.orders.place(MCHID, 'NATIVE', inDollars('a', { settle_info }), NOW, { version: 'global' })
    ledger.act('pay', [MCHID], 'a', {})
    const { accounts } = ledger
    const available = (currency: string) => accounts.available(MCHID, 'BASIC', NOW, currency)
    expect(['CNY', 'USD'].map(available)).toEqual([OPENING_BALANCE, 0])
    const spent = { mchid: MCHID, at: NOW, amount: -1, business: '提现', id: '1', no: '1' }
    expect(() => accounts.post({ ...spent, currency: 'USD' })).toThrow(expect.objectContaining({ code: 'NOT_ENOUGH' }))
    accounts.post(spent)
    expect(balances(ledger)).toEqual([OPENING_BALANCE - 1, 100])
  })
})

describe('by itself', () => {
  it('an unconfirmed transfer fails after 24 hours, and the money is returned', () => {
    const { ledger, notices } = open()
    ledger.transfers.transfer(MCHID, transfer('t', 100), NOW)
    ledger.clock.advance({ hours: 23, minutes: 59 })
    ledger.now()
    expect(ledger.transfers.find(MCHID, 't').state).toBe('WAIT_USER_CONFIRM')
    ledger.clock.advance({ minutes: 1 })
    ledger.now()
    expect(ledger.transfers.find(MCHID, 't')).toMatchObject({ state: 'FAIL', reason: 'OVERDUE_CLOSE' })
    expect(ledger.accounts.balance(MCHID, 'OPERATION')).toBe(OPENING_BALANCE)
    expect(notices).toMatchObject([
      { event_type: 'MCHTRANSFER.BILL.FINISHED', resource: { state: 'FAIL', fail_reason: 'OVERDUE_CLOSE' } },
    ])
  })

  it('a refund that has ended on purpose does not settle', () => {
    const { ledger, notices } = open()
    ledger.orders.place(MCHID, 'NATIVE', order('a'), NOW)
    ledger.act('pay', [MCHID], 'a', {})
    ledger.refunds.place(MCHID, refund('a', 'r', 40), NOW)
    ledger.act('settle', [MCHID], 'r', { fail: 'ABNORMAL' })
    ledger.clock.advance({ days: 1 })
    ledger.now()
    expect(ledger.refunds.find(MCHID, 'r').row.state).toBe('ABNORMAL')
    ledger.refunds.retry(MCHID, 'r', ledger.now())
    ledger.clock.advance({ minutes: 20 })
    ledger.now()
    expect(notices.map(({ event_type }) => event_type)).toEqual([
      'TRANSACTION.SUCCESS',
      'REFUND.ABNORMAL',
      'REFUND.SUCCESS',
    ])
  })
})
