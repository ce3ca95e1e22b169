/** The clock, the faults, and the keys of the merchant and the brand. */
import { h } from './dom.js'
import { button, copyable, fold, label, page, read, section, select, t, tell, timeOf } from './view.js'

/** @typedef {import('../../control/faults.js').ListedFault} Fault */
/** @typedef {import('../../config.js').SimulatorConfig} Config */
/** @typedef {import('../../config.js').SimulatorBrandConfig} BrandConfig */

const UNITS = /** @type {const} */ (['days', 'hours', 'minutes'])

/** @param {Event} event */
function formOf(event) {
  event.preventDefault()
  return new FormData(/** @type {HTMLFormElement} */ (event.currentTarget))
}

/**
 * @param {string} name
 * @param {Readonly<Record<string, string>>} more
 */
const input = (name, more) => h('input', { name, ...more })

export function timeSection() {
  /** @param {Readonly<Record<string, number>>} span */
  const advance = span => tell('advance', span, ({ now }) => t().advanced(timeOf(Date.parse(now))))
  /** @param {Event} event */
  const onsubmit = event => {
    const form = formOf(event)
    advance(Object.fromEntries(UNITS.map(unit => [unit, Number(form.get(unit))])))
  }
  return section('time', t().time, undefined, [
    h('p', { class: 'muted' }, t().timeHint),
    h(
      'p',
      { class: 'actions' },
      button(t().minute, () => advance({ minutes: 1 })),
      button(t().hour, () => advance({ hours: 1 })),
      button(t().day, () => advance({ days: 1 })),
    ),
    h(
      'form',
      { onsubmit },
      UNITS.map(unit => label(t()[unit], input(unit, { type: 'number', min: '0', value: '0', inputmode: 'numeric' }))),
      h('button', { class: 'main' }, t().advance),
    ),
    h(
      'p',
      { class: 'apart' },
      button(t().reset, () => confirm(t().resetSure) && tell('reset', {}, t().wasReset), 'danger'),
    ),
  ])
}

/** The values of each kind; undefined for a number that is typed. */
const VALUES = {
  status: ['503', '500', '502', '504', '429'],
  drop: ['response', 'request'],
  signature: ['mismatch', 'headers', 'serial', 'probe'],
  latency: undefined,
  clockSkew: undefined,
  content: ['cut', 'flip'],
}

/** @typedef {keyof typeof VALUES} FaultKind */

const KINDS = /** @type {FaultKind[]} */ (Object.keys(VALUES))

/** @type {FaultKind} */
let chosen = 'status'

/** @param {readonly Fault[]} faults */
export function faultsSection(faults) {
  const values = VALUES[chosen]
  /** @param {Event} event */
  const onsubmit = event => {
    const form = formOf(event)
    const value = String(form.get('value'))
    const isNumber = chosen === 'status' || values === undefined
    const times = Number(form.get('times'))
    const [method, pattern] = [String(form.get('method')), String(form.get('path'))]
    const rule = {
      [chosen]: isNumber ? Number(value) : value,
      times: times > 0 ? times : null,
      every: Number(form.get('every')),
      match: { ...(method && { method }), ...(pattern && { pattern }) },
    }
    tell('misbehave', rule, t().added)
  }
  /** @param {Event} event */
  const onchange = ({ currentTarget }) => {
    const { value } = /** @type {HTMLSelectElement} */ (currentTarget)
    chosen = KINDS.find(kind => kind === value) ?? 'status'
    page.render()
  }
  const value = values
    ? select(
        'value',
        values.map(name => [name, faultValue(name)]),
      )
    : input('value', { type: 'number', required: '', value: chosen === 'latency' ? '3000' : '600' })
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
  return section('faults', t().faults, faults.length, [
    h('p', { class: 'muted' }, t().faultsHint),
    h(
      'form',
      { onsubmit },
      label(
        t().kind,
        select(
          'kind',
          KINDS.map(kind => [kind, t().faultKinds[kind]]),
          onchange,
        ),
      ),
      h('span', { 'data-key': `value-${chosen}` }, label(t().value, value)),
      label(
        t().times,
        select('times', [
          ...['1', '2', '3', '5', '10'].map(n => /** @type {const} */ ([n, n])),
          ['0', t().untilRemoved],
        ]),
      ),
      label(t().every, input('every', { type: 'number', min: '1', value: '1' })),
      label(
        t().method,
        select('method', [['', t().anyMethod], ...methods.map(name => /** @type {const} */ ([name, name]))]),
      ),
      label(t().path, input('path', { type: 'text', placeholder: 'refunds$', class: 'wide' })),
      h('button', { class: 'main' }, t().addFault),
    ),
    faults.length === 0
      ? h('p', { class: 'empty' }, t().noFaults)
      : h('ul', { class: 'faults' }, faults.map(showFault)),
    faults.length > 1 && button(t().removeAll, () => tell('behave', {}, t().removed)),
  ])
}

/** @param {string} name */
const faultValue = name => new Map(Object.entries(t().faultValues)).get(name) ?? name

/** @param {Fault} fault */
function showFault({ id, left, rule: { times: _, match, every = 1, ...kinds } }) {
  const names = new Map(Object.entries(t().faultKinds))
  const what = Object.entries(kinds).map(
    ([kind, value]) =>
      `${names.get(kind) ?? kind}: ${value === null ? t().faultValues.never : faultValue(String(value))}`,
  )
  const where = [match?.method, match?.path, match?.pattern && `/${match.pattern}/`, every > 1 && `1 / ${every}`]
  const text = [...what, ...where, t().left(left)].filter(Boolean).join(' · ')
  return h(
    'li',
    { 'data-key': `fault/${id}` },
    h('span', {}, text),
    button(t().remove, () => tell('behave', { id }, t().removed)),
  )
}

/** @type {BrandConfig | undefined} */
let brand

/** @param {Config} config */
export function merchantSection(config) {
  const showBrand = async () => {
    brand = await read('brand')
    page.render()
  }
  return section('merchant', t().merchant, undefined, [
    h('p', { class: 'muted' }, t().merchantHint),
    h('p', {}, 'mchid ', h('code', {}, config.mchid), ' · base_uri ', h('code', {}, config.base_uri)),
    fold('merchant-env', '.env', () => copyable(envOf(config))),
    fold('merchant-json', 'config.json', () => copyable(JSON.stringify(config, null, 2))),
    ...Object.entries(config).map(([name, value]) =>
      fold(`merchant-${name}`, name, () =>
        copyable(typeof value === 'string' ? value : JSON.stringify(value, null, 2).replaceAll('\\n', '\n')),
      ),
    ),
    h('h3', {}, t().brand),
    brand
      ? fold('brand-json', 'brand.json', () => copyable(JSON.stringify(brand, null, 2)))
      : h('p', {}, button(t().brandHint, showBrand)),
  ])
}

/**
 * As the command line reads it.
 *
 * @param {Config} config
 */
function envOf({ mchid, serial, privateKey, certs, apiv3Key, secret, base_uri }) {
  const [id, key] = Object.entries(certs).find(([name]) => name.startsWith('PUB_KEY_ID_')) ?? []
  const values = {
    MCHID: mchid,
    SERIAL: serial,
    PRIVATE_KEY: privateKey,
    PUBLIC_KEY_ID: id,
    PUBLIC_KEY: key,
    APIV3_KEY: apiv3Key,
    SECRET: secret,
    BASE_URI: base_uri,
  }
  return Object.entries(values)
    .map(([name, value = '']) => `WECHATPAY_${name}="${value.trim().replaceAll('\n', '\\n')}"\n`)
    .join('')
}
