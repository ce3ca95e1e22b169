/** The shared code of the page: the language, the state of folds, and calls of the simulator. */
import { h } from './dom.js'
import { TEXTS, WORDS } from './texts.js'

/** @typedef {import('./dom.js').Child} Child */
/** @typedef {import('./texts.js').Language} Language */

/** Milliseconds until a message disappears. */
const LASTING = 8000
/** @type {ReturnType<typeof setTimeout> | undefined} */
let silence

/** The number of items of a list that are shown at first, and added with each step. */
const STEP = 30

/** @type {{ language: Language, filter: string, render: () => void, refresh: () => Promise<void> }} */
export const page = {
  language: storedLanguage(),
  filter: '',
  render: () => {},
  refresh: async () => {},
}

/** @type {Set<string>} */
const open = new Set()
/** @type {Map<string, number>} */
const shown = new Map()

export const t = () => TEXTS[page.language]

/** @returns {Language} */
function storedLanguage() {
  const stored = localStorage.getItem('language')
  if (stored === 'en' || stored === 'zh') return stored
  return navigator.language.startsWith('zh') ? 'zh' : 'en'
}

/** @param {Language} language */
export function setLanguage(language) {
  page.language = language
  localStorage.setItem('language', language)
}

/**
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function read(name) {
  const response = await fetch(`/_sim/${name}`)
  return response.json()
}

/**
 * Calls an operation of the control API, shows the result, and reads everything again.
 *
 * @param {string} name
 * @param {object} body
 * @param {string | ((json: any) => string)} done
 */
export async function tell(name, body, done) {
  const headers = { 'Content-Type': 'application/json' }
  const request = { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(`/_sim/${name}`, request).catch(() => undefined)
  if (!response) return say(t().lost)
  const json = await response.json()
  say(!response.ok ? json.message : typeof done === 'string' ? done : done(json))
  await page.refresh()
}

/**
 * Shows a message in the live region, which screen readers read out.
 *
 * @param {string} text
 */
export function say(text) {
  const status = document.querySelector('#status')
  if (status) status.textContent = text
  clearTimeout(silence)
  silence = setTimeout(() => status?.replaceChildren(), LASTING)
}

/**
 * @param {string} text
 * @param {(event: Event) => void} onclick
 * @param {string} [kind]
 */
export const button = (text, onclick, kind) => h('button', { type: 'button', class: kind, onclick }, text)

/** @param {string} text */
export const code = text => h('pre', { tabindex: '0' }, text)

/**
 * A label above its control.
 *
 * @param {string} text
 * @param {HTMLElement} control
 */
export const label = (text, control) => h('label', {}, h('span', {}, text), control)

/**
 * @param {string} name
 * @param {readonly (readonly [value: string, text: string])[]} options
 * @param {(event: Event) => void} [onchange]
 */
export const select = (name, options, onchange) =>
  h(
    'select',
    { name, onchange },
    options.map(([value, text]) => h('option', { value }, text)),
  )

/**
 * @param {string} key identifies the fold, so that it stays open
 * @param {string} title
 * @param {() => Child | Child[]} make called only while it is open
 */
export function fold(key, title, make) {
  const isOpen = open.has(key)
  /** @param {Event} event */
  const ontoggle = ({ currentTarget }) => {
    // An element that was created only for comparison fires this event, too.
    if (!(currentTarget instanceof HTMLDetailsElement) || !currentTarget.isConnected) return
    const now = currentTarget.open
    if (now === open.has(key)) return
    if (now) open.add(key)
    else open.delete(key)
    page.render()
  }
  const summary = h('summary', {}, title)
  return h('details', { 'data-key': key, open: isOpen, ontoggle }, summary, isOpen ? make() : [])
}

/**
 * The newest items of a list that match the filter.
 *
 * @template T
 * @param {string} key
 * @param {readonly T[]} items oldest first
 * @param {(item: T) => Child} make
 * @param {() => Child | Child[]} makeEmpty
 * @returns {Child[]}
 */
export function list(key, items, make, makeEmpty) {
  const filter = page.filter.trim().toLowerCase()
  const found = filter === '' ? items : items.filter(item => JSON.stringify(item).toLowerCase().includes(filter))
  if (items.length === 0) return [makeEmpty()].flat()
  if (found.length === 0) return [h('p', { class: 'muted' }, t().nothingFound)]
  const count = shown.get(key) ?? STEP
  const rest = found.length - count
  const more = () => {
    shown.set(key, count + STEP)
    page.render()
  }
  return [...found.toReversed().slice(0, count).map(make), rest > 0 && button(t().more(Math.min(rest, STEP)), more)]
}

/**
 * @param {string} key
 * @param {string} title
 * @param {number | undefined} count
 * @param {Child[]} children
 */
export function section(key, title, count, children) {
  const id = key.replaceAll('.', '-')
  const number = count ? h('span', { class: 'count' }, ` ${count}`) : undefined
  return h(
    'section',
    { id, 'data-key': key, 'aria-labelledby': `${id}-title` },
    h('h2', { id: `${id}-title` }, title, number),
    children,
  )
}

/**
 * @param {string} key
 * @param {string} title its name for screen readers
 * @param {Child[]} children
 */
export const card = (key, title, children) =>
  h('article', { 'data-key': key, tabindex: '-1', 'aria-label': title }, children)

const GOOD = /^(SUCCESS|FINISHED|DONE|SIGNED|USER_PAID|PAID|running|acknowledged|2\d\d)$/
const BAD = /FAIL|ERROR|CLOSE|ABNORMAL|REVOKE|CANCEL|EXPIRE|REJECT|TERMINAT|abandon|^[345]\d\d$/

/**
 * A wire state with its meaning.
 *
 * @param {string} name
 * @param {boolean} [isBad]
 */
export function state(name, isBad = BAD.test(name)) {
  const kind = isBad ? 'bad' : GOOD.test(name) ? 'good' : 'open'
  const meaning = WORDS[page.language][name]
  return h('span', { class: `state ${kind}` }, name, meaning && h('small', {}, ` ${meaning}`))
}

/**
 * A wire reason with its meaning.
 *
 * @param {string} name
 */
export function reasonText(name) {
  const meaning = WORDS[page.language][name]
  return meaning ? `${name} · ${meaning}` : name
}

/**
 * The same for a list: the meaning comes first.
 *
 * @param {string} name
 */
export function choiceText(name) {
  const meaning = WORDS[page.language][name]
  return meaning ? `${meaning} · ${name}` : name
}

/** @param {string} name */
export const eventText = name => WORDS[page.language][name] ?? name

/** @param {number} milliseconds */
export function timeOf(milliseconds) {
  const options = /** @type {const} */ ({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })
  return new Date(milliseconds).toLocaleString(locale(), { ...options, second: '2-digit' })
}

/**
 * @param {number} fen
 * @param {string} [currency]
 */
export function money(fen, currency = 'CNY') {
  return (fen / 100).toLocaleString(locale(), { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
}

function locale() {
  return page.language === 'zh' ? 'zh-CN' : 'en-GB'
}

/**
 * Indents JSON; returns anything else unchanged.
 *
 * @param {string} text
 */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/**
 * @param {Readonly<Record<string, unknown>>} headers
 */
export const headersText = headers =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')

/**
 * Browsers permit the clipboard only to pages of this machine and of https, and may refuse.
 *
 * @param {string} text
 */
const writeClipboard = text =>
  navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  )

/**
 * A string with a button that copies it.
 *
 * @param {string} text
 */
export function copyable(text) {
  const shownText = code(text)
  /** @param {Event} event */
  const copy = async ({ currentTarget }) => {
    const isCopied = await writeClipboard(text)
    if (isCopied) return say(t().copied)
    const pre = currentTarget instanceof Element ? currentTarget.nextElementSibling : null
    if (pre) getSelection()?.selectAllChildren(pre)
    say(t().selected)
  }
  return h('div', { class: 'copyable' }, button(t().copy, copy), shownText)
}
