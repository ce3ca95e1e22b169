/** The clock, the faults, and the keys of the merchant and the brand. */
import { h } from './dom.js'
import { button, copyable, fold, label, page, read, section, select, t, tell, timeOf } from './view.js'

/** @typedef {import('../../control/faults.js').ListedFault} Fault */
/** @typedef {import('../../config.js').SimulatorConfig} Config */
/** @typedef {{ merchants: Config[], brands: import('../../config.js').SimulatorBrandConfig[] }} Keys */

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

/** The values of each kind; undefined for a number that the user types. */
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
    const isNumber = value !== '' && (chosen === 'status' || values === undefined)
    const times = Number(form.get('times'))
    const [method, pattern] = [String(form.get('method')), String(form.get('path'))]
    const [chance, jitter] = [Number(form.get('chance')), Number(form.get('jitter'))]
    const rule = {
      // Without a number, no response is ever sent.
      [chosen]: isNumber ? Number(value) : value || null,
      times: times > 0 ? times : null,
      every: Number(form.get('every')),
      ...(chance < 100 && { probability: chance / 100 }),
      ...(jitter > 0 && { jitter }),
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
    : input('value', { type: 'number', ...(chosen === 'latency' ? { value: '3000' } : { value: '600', required: '' }) })
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
      chosen === 'latency' &&
        h(
          'span',
          { 'data-key': 'jitter' },
          label(t().jitter, input('jitter', { type: 'number', min: '0', value: '0' })),
        ),
      label(t().every, input('every', { type: 'number', min: '1', value: '1' })),
      label(t().chance, input('chance', { type: 'number', min: '1', max: '100', value: '100' })),
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
function showFault({ id, left, rule: { times: _, match, every = 1, probability = 1, ...kinds } }) {
  const names = new Map(Object.entries(t().faultKinds))
  const what = Object.entries(kinds).map(
    ([kind, value]) =>
      `${names.get(kind) ?? kind}: ${value === null ? t().faultValues.never : faultValue(String(value))}`,
  )
  const where = [
    match?.method,
    match?.path,
    match?.pattern && `/${match.pattern}/`,
    every > 1 && `1 / ${every}`,
    probability < 1 && `${Math.round(probability * 100)} %`,
  ]
  const text = [...what, ...where, t().left(left)].filter(Boolean).join(' · ')
  return h(
    'li',
    { 'data-key': `fault/${id}` },
    h('span', {}, text),
    button(t().remove, () => tell('behave', { id }, t().removed)),
  )
}

/** @param {Keys} keys */
export function merchantSection({ merchants, brands }) {
  const addBrand = async () => {
    await read('brand')
    await page.refresh()
  }
  return section('merchant', t().merchant, undefined, [
    h('p', { class: 'muted' }, t().merchantHint),
    ...merchants.flatMap(config => [
      h('h3', {}, `mchid ${config.mchid}`),
      fold(`env-${config.mchid}`, '.env', () => copyable(envOf(config))),
      ...files(config.mchid, 'config.json', config),
    ]),
    h('h2', {}, t().brand),
    ...brands.flatMap(config => [
      h('h3', {}, `brand_id ${config.brand_id}`),
      ...files(`brand-${config.brand_id}`, 'brand.json', config),
    ]),
    brands.length === 0 && h('p', {}, button(t().brandHint, addBrand)),
  ])
}

/**
 * The configuration as a file, and each of its values.
 *
 * @param {string} owner
 * @param {string} name
 * @param {object} config
 */
const files = (owner, name, config) => [
  fold(`${owner}-json`, name, () => copyable(JSON.stringify(config, null, 2))),
  ...Object.entries(config).map(([key, value]) =>
    fold(`${owner}-${key}`, key, () =>
      copyable(typeof value === 'string' ? value : JSON.stringify(value, null, 2).replaceAll('\\n', '\n')),
    ),
  ),
]

/**
 * The configuration for the command line.
 *
 * @param {Config} config
 */
function envOf({ mchid, serial, privateKey, merchant, certs, apiv3Key, secret, base_uri }) {
  const [id, key] = Object.entries(certs).find(([name]) => name.startsWith('PUB_KEY_ID_')) ?? []
  const values = {
    MCHID: mchid,
    SERIAL: serial,
    PRIVATE_KEY: privateKey,
    CERTIFICATE: merchant.cert,
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
