/** Orders and combined orders among the entries of the ledger. */
import type { Entry, PossibleAct } from './entries.js'
import { CANCELLED, type Combined, MOVES, type Order, PAYMENT_FAILURES } from './order.js'

export function entryOfOrder(order: Order): Entry {
  const { mchid, request, payment, prepayId, state, created, history } = order
  const last = history.at(-1)
  return {
    kind: 'orders',
    type: order.tradeType,
    mchid,
    number: request.out_trade_no,
    id: payment?.transactionId ?? prepayId,
    state,
    reason: last?.reason,
    title: request.description,
    amount: request.amount.total,
    currency: request.amount.currency,
    created,
    updated: last?.at ?? created,
    events: Object.keys(MOVES[state]),
    // The parts of a combined order are paid as one.
    acts: order.combined === undefined ? possibleActs(order) : [],
    history,
  }
}

export function entryOfCombined(
  { mchid, tradeType, request, prepayId, created }: Combined,
  parts: readonly Order[],
): Entry {
  const [first] = parts
  const states = [...new Set(parts.map(({ state }) => state))]
  return {
    kind: 'combined',
    type: tradeType,
    mchid,
    number: request.combine_out_trade_no,
    id: prepayId,
    state: states.join(', '),
    reason: first?.reason,
    title: request.sub_orders.map(({ description }) => description).join(', '),
    amount: parts.reduce((sum, part) => sum + part.request.amount.total, 0),
    created,
    updated: Math.max(created, ...parts.map(({ history }) => history.at(-1)?.at ?? created)),
    events: [],
    acts: first && states.length === 1 ? possibleActs(first) : [],
    history: first?.history ?? [],
  }
}

function possibleActs({ state, tradeType }: Order): PossibleAct[] {
  if (MOVES[state].pay === undefined) return []
  // A deduction needs no payment page.
  const reasons = tradeType === 'PAP' ? PAYMENT_FAILURES : [...PAYMENT_FAILURES, CANCELLED]
  return [{ act: 'pay', fails: 'any', reasons }]
}
