/** The page at `/_sim/`: it reads the control API, and reads again after each event. */
import { h, show } from './dom.js'
import { ledger, userPage } from './ledger.js'
import { notificationsSection } from './notifications.js'
import { requestsSection } from './requests.js'
import { faultsSection, merchantSection, timeSection } from './tools.js'
import { page, read, say, setLanguage, t, timeOf } from './view.js'

/** @typedef {import('../../ledger/entries.js').Entry} Entry */

/**
 * @typedef {object} Data
 * @property {import('./ledger.js').Health} health
 * @property {Entry[]} entries
 * @property {import('./notifications.js').Notification[]} notifications
 * @property {import('./requests.js').Request[]} requests
 * @property {import('./tools.js').Fault[]} faults
 * @property {import('./tools.js').Keys} keys
 */

/** The entry that this user's page is for: `kind/number/mchid`, `kind/number`, or the number of an order. */
const ofUser = /^\/_sim\/pay\/(.+)$/.exec(location.pathname)?.[1]
/** Milliseconds from an event until everything is read again; more if reading takes long. */
const PAUSE = 100
let lasted = 0

/** @type {Data | undefined} */
let data
/** Milliseconds by which business time is ahead of this browser. */
let ahead = 0

const [header, nav, main] = ['header', 'nav', 'main'].map(name => {
  const found = document.querySelector(name)
  if (!found) throw new Error(`The page has no ${name}.`)
  return found
})

page.render = () => {
  if (!data || !header || !nav || !main) return
  document.documentElement.lang = page.language === 'zh' ? 'zh-CN' : 'en'
  document.title = t().title
  const article = document.activeElement?.closest('article')?.dataset.key
  show(header, headerOf())
  if (ofUser === undefined) {
    show(nav, navigation())
    show(main, sections(data))
  } else show(main, userPage(data.entries.find(isOfUser)))
  // The focused element may no longer exist, such as the button of a paid order.
  if (article !== undefined && document.activeElement === document.body) {
    const again = main.querySelector(`article[data-key="${CSS.escape(article)}"]`)
    if (again instanceof HTMLElement) again.focus()
  }
}

/** @param {Entry} entry */
function isOfUser({ kind, number, mchid }) {
  const [ofKind = '', given, owner = mchid] = (ofUser ?? '').split('/')
  if (given === undefined) return kind === 'orders' && number === decodeURIComponent(ofKind)
  return kind === ofKind && number === decodeURIComponent(given) && mchid === owner
}

function headerOf() {
  const change = () => {
    setLanguage(page.language === 'zh' ? 'en' : 'zh')
    say('')
    page.render()
  }
  const lang = page.language === 'zh' ? 'en' : 'zh-CN'
  return [
    h('a', { class: 'skip', href: '#main' }, t().skip),
    h('h1', {}, t().title),
    ofUser === undefined && h('time', { id: 'clock' }, clockText()),
    h('button', { id: 'language', type: 'button', lang, onclick: change }, t().other),
  ]
}

const clockText = () => timeOf(Date.now() + ahead)

function navigation() {
  nav?.setAttribute('aria-label', t().sections)
  const names = /** @type {const} */ (['orders', 'notifications', 'requests', 'time', 'faults', 'merchant'])
  /** @param {Event} event */
  const oninput = ({ currentTarget }) => {
    const before = page.filter
    page.filter = currentTarget instanceof HTMLInputElement ? currentTarget.value : ''
    page.render()
    // Older entries may match, too.
    if (before === '') void page.refresh().catch(() => {})
  }
  return [
    h(
      'ul',
      {},
      names.map(name => h('li', {}, h('a', { href: `#${name}` }, t()[name]))),
    ),
    h(
      'label',
      {},
      h('span', { class: 'hidden' }, t().filter),
      h('input', { type: 'search', id: 'filter', placeholder: `${t().filter}: ${t().filterHint}`, oninput }),
    ),
  ]
}

/** @param {Data} data */
function sections({ health, entries, notifications, requests, faults, keys }) {
  return [
    h('div', { 'data-key': 'money' }, ledger(entries, health)),
    h('div', { class: 'messages', 'data-key': 'messages' }, [
      notificationsSection(notifications, health.held),
      requestsSection(requests),
    ]),
    h('div', { 'data-key': 'world' }, [timeSection(), faultsSection(faults)]),
    h('div', { 'data-key': 'keys' }, [merchantSection(keys)]),
  ]
}

/**
 * Reads the newest entries, or all with a filter.
 *
 * @param {string} name
 * @param {number} limit
 */
const newest = (name, limit) => (ofUser === undefined && page.filter === '' ? `${name}?limit=${limit}` : name)

let started = 0
let finished = 0

page.refresh = async () => {
  started += 1
  const turn = started
  const from = performance.now()
  const [health, { entries }] = await Promise.all([read('health'), read(newest('entries', 500))])
  ahead = Date.parse(health.now) - Date.now()
  const [{ notifications }, { requests }, { faults }, keys] =
    ofUser === undefined
      ? await Promise.all([
          read(newest('notifications', 200)),
          read(newest('requests', 200)),
          read('faults'),
          read('configs'),
        ])
      : [{ notifications: [] }, { requests: [] }, { faults: [] }, { merchants: [], brands: [] }]
  // A later response may have arrived earlier.
  if (turn < finished) return
  finished = turn
  data = { health, entries, notifications, requests, faults, keys }
  page.render()
  lasted = performance.now() - from
}

setInterval(() => {
  const clock = document.querySelector('#clock')
  if (data && clock) clock.textContent = clockText()
}, 1000)

let isWaiting = false
let isLost = false
const events = new EventSource('/_sim/events')
events.onmessage = () => {
  if (isWaiting) return
  isWaiting = true
  setTimeout(
    () => {
      isWaiting = false
      void page.refresh().catch(() => {})
    },
    Math.max(PAUSE, 3 * lasted),
  )
}
events.onopen = () => {
  if (isLost) say(t().back)
  isLost = false
  void page.refresh().catch(() => {})
}
events.onerror = () => {
  isLost = true
  say(t().lost)
}
