/**
 * The entries of the ledger: orders, refunds, transfers and everything else, with buttons for their possible results.
 */
import { h } from './dom.js'
import { KINDS } from './texts.js'
import {
  button,
  card,
  choiceText,
  copyable,
  eventText,
  fold,
  list,
  money,
  page,
  reasonText,
  section,
  select,
  state,
  t,
  tell,
  timeOf,
} from './view.js'

/** @typedef {import('../../ledger/entries.js').Entry} Entry */
/** @typedef {import('../../ledger/entries.js').PossibleAct} PossibleAct */
/** @typedef {{ url: string, networkUrl?: string, mchid: string, now: string, held: boolean }} Health */

/** The field with the number in the control API. */
const FIELDS = { pay: 'out_trade_no', settle: 'out_refund_no', confirm: 'out_bill_no' }
/** The reason for a payer who closes the payment page. */
const CANCELLED = 'CANCEL'
/** Up to this many reasons have a button each. */
const FEW = 2
/** The acts of a user, not of WeChat Pay. */
const OF_USER = ['pay', 'confirm']

/**
 * @param {readonly Entry[]} entries
 * @param {Health} health
 */
export function ledger(entries, health) {
  const orders = entries.filter(({ kind }) => kind === 'orders')
  const others = new Map(Object.keys(KINDS).map(kind => [kind, /** @type {Entry[]} */ ([])]))
  for (const entry of entries) others.set(entry.kind, [...(others.get(entry.kind) ?? []), entry])
  others.delete('orders')
  const hint = health.networkUrl === undefined && orders.length > 0
  return [
    section('orders', t().orders, orders.length, [
      hint && h('p', { class: 'muted' }, t().phone),
      ...list(
        'orders',
        orders,
        entry => showEntry(entry, health),
        () => firstOrder(health),
      ),
    ]),
    ...[...others]
      .filter(([, rows]) => rows.length > 0)
      .map(([kind, rows]) =>
        section(
          kind,
          kindText(kind),
          rows.length,
          list(
            kind,
            rows,
            entry => showEntry(entry, health),
            () => [],
          ),
        ),
      ),
    entries.length === orders.length && h('p', { class: 'muted' }, t().elsewhere),
  ]
}

/** @param {string} kind */
function kindText(kind) {
  const known = KINDS[kind]
  if (known) return known[page.language]
  const words = kind.replace(/[._-]+/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** @param {Entry} entry */
const pathOf = ({ kind, number, mchid }) => `pay/${kind}/${encodeURIComponent(number)}/${mchid}`

/**
 * @param {Entry} entry
 * @param {Health} health
 */
function showEntry(entry, health) {
  const { kind, mchid, number, id, type, title, amount, currency, due, history } = entry
  // Several merchants may use the same number.
  const owner = mchid === health.mchid ? '' : mchid
  const key = `${kind}/${number}${owner && `/${owner}`}`
  const isForUser = entry.acts.some(({ act }) => OF_USER.includes(act))
  const path = pathOf(entry)
  return card(key, `${title ?? kindText(kind)} ${number}`, [
    isForUser &&
      health.networkUrl !== undefined &&
      h('img', { class: 'qr', src: `/_sim/qr/${path}`, alt: t().scan, title: t().scan, width: '116', height: '116' }),
    h(
      'div',
      { class: 'what' },
      h(
        'p',
        { class: 'head' },
        h('strong', {}, title ?? number),
        amount !== undefined && h('span', { class: 'amount' }, money(amount, currency)),
      ),
      h('p', {}, state(entry.state), ' ', ...remarks(entry)),
      h('p', { class: 'muted' }, [type, number, id, owner].filter(Boolean).join(' · ')),
      due && h('p', { class: 'muted' }, t().due(eventText(due.event), timeOf(due.at))),
      isForUser && h('p', {}, h('a', { href: `/_sim/${path}` }, t().open)),
    ),
    actions(entry),
    fold(`${key}#history`, `${t().history} (${history.length})`, () =>
      h(
        'ol',
        {},
        history.map(step =>
          h(
            'li',
            {},
            `${timeOf(step.at)} · ${step.event === undefined ? t().placed : eventText(step.event)} → `,
            state(step.state),
            step.reason !== undefined && ` ${reasonText(step.reason)}`,
          ),
        ),
      ),
    ),
  ])
}

/**
 * The reason for its state.
 *
 * @param {Entry} entry
 */
function remarks({ kind, state: now, reason, acts }) {
  if (reason === undefined || reason === now) return []
  if (kind !== 'orders' && kind !== 'combined') return [reasonText(reason)]
  const isPayable = acts.some(({ act }) => act === 'pay')
  if (!isPayable) return [reasonText(reason)]
  return reason === CANCELLED ? [t().closedCashier] : [reasonText(reason), '. ', t().stillPayable]
}

/**
 * Buttons for its possible results.
 *
 * @param {Entry} entry
 */
function actions(entry) {
  const ofUser = entry.acts.filter(({ act }) => OF_USER.includes(act))
  const [first] = ofUser
  // Two names of a product for the same reason are shown once.
  const others = entry.acts.filter(other => !ofUser.includes(other) && String(other.reasons) !== String(first?.reasons))
  const acts = [...ofUser, ...others]
  if (acts.length === 0) return undefined
  return h(
    'div',
    { class: 'actions', role: 'group', 'aria-label': entry.number },
    acts.flatMap(act => endings(entry, act)),
  )
}

/**
 * @param {Entry} entry
 * @param {PossibleAct} possible
 */
function endings({ kind, type, number, mchid }, { act, fails, reasons }) {
  // It would end an order by code.
  const isCancelled = (/** @type {string | undefined} */ fail) => fail === CANCELLED && type !== 'MICROPAY'
  /** @param {string} [fail] */
  const end = fail =>
    tell(act, { [FIELDS[act]]: number, mchid, ...(fail !== undefined && { fail }) }, () =>
      isCancelled(fail) ? t().cancelled(number) : t().did((fail === undefined ? t().acts : t().failures)[act], number),
    )
  const causes = reasons.filter(reason => reason !== CANCELLED)
  return [
    button(t().acts[act], () => end(), 'main'),
    ...(fails === 'never' ? [] : failing(`${kind}/${number}/${mchid}#${act}`, t().failures[act], causes, end)),
    ...(reasons.includes(CANCELLED) ? [button(t().cancel, () => end(CANCELLED))] : []),
  ]
}

/**
 * A list of the reasons with a button, or only buttons if there are few reasons.
 *
 * @param {string} key
 * @param {string} text
 * @param {readonly string[]} reasons
 * @param {(reason: string) => void} end
 */
function failing(key, text, reasons, end) {
  const [first = 'FAIL'] = reasons
  if (reasons.length === 0) return [button(text, () => end(first))]
  if (reasons.length <= FEW) return reasons.map(reason => button(reasonText(reason), () => end(reason)))
  const choice = select(
    'reason',
    reasons.map(reason => [reason, choiceText(reason)]),
  )
  choice.setAttribute('aria-label', t().reason)
  /** @param {Event} event */
  const fail = ({ currentTarget }) => {
    const chosen = currentTarget instanceof Element && currentTarget.previousElementSibling
    end(chosen instanceof HTMLSelectElement ? chosen.value : first)
  }
  return [h('span', { class: 'joined', 'data-key': key }, choice, button(text, fail))]
}

/** @param {Health} health */
function firstOrder({ url, mchid }) {
  const order = {
    appid: 'wxd678efh567hg6787',
    mchid,
    description: t().tea,
    out_trade_no: `tea-${Date.now().toString(36)}`,
    notify_url: 'http://127.0.0.1:3000/notify',
    amount: { total: 100, currency: 'CNY' },
  }
  const call = { method: 'POST', path: 'v3/pay/transactions/native', json: order }
  const shown = { ...order, out_trade_no: 'tea-0001' }
  const curl = `curl ${url}/_sim/call -H 'Content-Type: application/json' -d '${JSON.stringify({ ...call, json: shown })}'`
  const client = `import { Builder } from 'wechatpay-chain'

const config = await (await fetch('${url}/_sim/config')).json()
const wxpay = Builder.factory(config)
const { data } = await wxpay.v3.pay.transactions.native.post({
  json: ${JSON.stringify(shown, null, 2).replaceAll('\n', '\n  ')},
})`
  return h(
    'div',
    { class: 'empty', 'data-key': `first-${page.language}` },
    h('p', {}, t().noOrders),
    h(
      'p',
      {},
      button(t().placeOrder, () => tell('call', call, t().placedOrder(order.out_trade_no)), 'main'),
    ),
    fold('first-curl', t().byCurl, () => copyable(curl)),
    fold('first-client', t().byClient, () => copyable(client)),
  )
}

/**
 * The user's view on a phone.
 *
 * @param {Entry | undefined} entry
 */
export function userPage(entry) {
  if (!entry) return [h('p', {}, t().unknownNumber)]
  const { mchid, number, title, amount, currency, acts } = entry
  return [
    h(
      'section',
      { class: 'user', 'aria-label': title ?? number },
      h('p', { class: 'muted' }, t().ofMerchant(mchid)),
      h('h2', {}, title ?? number),
      amount !== undefined && h('p', { class: 'total' }, money(amount, currency)),
      h('p', {}, state(entry.state)),
      h('p', {}, ...remarks(entry)),
      actions(entry),
      acts.length === 0 && h('p', { class: 'muted' }, t().thanks),
    ),
  ]
}
