/** Requests: their content, and the result of the verification. */
import { h } from './dom.js'
import { card, code, fold, headersText, list, page, pretty, section, state, t, timeOf } from './view.js'

/** @typedef {import('../../gateway/request-log.js').SimulatorRequest} Request */
/** @typedef {import('../../gateway/diagnosis.js').Diagnosis} Diagnosis */
/** @typedef {import('./texts.js').Texts} Texts */

const STEPS = /** @type {const} */ ([
  'authorization',
  'scheme',
  'mchid',
  'serial_no',
  'timestamp',
  'nonce_str',
  'signature',
])

/** @param {readonly Request[]} requests */
export function requestsSection(requests) {
  return section('requests', t().requests, requests.length, [
    ...list('requests', requests, showRequest, () => h('p', { class: 'empty' }, t().noRequests)),
  ])
}

/** @param {Request} request */
function showRequest(request) {
  const { id, time, method, path, headers, statusCode, body, refusal, diagnosis } = request
  const key = `request/${id}`
  return card(key, `${method} ${path} ${id}`, [
    h(
      'div',
      { class: 'what' },
      h('p', { class: 'head' }, h('strong', {}, `${method} ${path}`)),
      h(
        'p',
        {},
        state(String(statusCode ?? t().noResponse), refusal !== undefined || statusCode === undefined),
        ` ${timeOf(time)}`,
      ),
      refusal !== undefined && h('p', {}, summary(refusal)),
      diagnosis && mistakes(diagnosis),
    ),
    verification(key, request),
    fold(`${key}#request`, t().request, () => code(`${headersText(headers)}\n\n${pretty(body)}`)),
    refusal !== undefined && fold(`${key}#response`, t().response, () => code(pretty(refusal))),
  ])
}

/**
 * @param {string} refusal JSON, or the XML of APIv2
 */
function summary(refusal) {
  const { code: name, message, detail } = problemOf(refusal)
  if (name === undefined) return /<return_msg>(?:<!\[CDATA\[)?([^\]<]+)/.exec(refusal)?.[1]
  return `${name}: ${message}${detail?.issue ? ` (${detail.issue})` : ''}`
}

/**
 * @param {string} text
 * @returns {{ code?: string, message?: string, detail?: { field?: string, issue?: string, location?: string } }}
 */
function problemOf(text) {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** @param {Diagnosis} diagnosis */
function mistakes({ mistakes: found }) {
  return h(
    'div',
    { class: 'mistake' },
    h('strong', {}, t().likely),
    h(
      'ul',
      {},
      found.map(({ message, messageZh }) => h('li', {}, page.language === 'zh' ? messageZh : message)),
    ),
  )
}

/**
 * @param {string} key
 * @param {Request} request
 */
function verification(key, { method, path, headers, authorization, statusCode, body, refusal, diagnosis }) {
  const { code: name, detail } = problemOf(refusal ?? '{}')
  const isRefused = name === 'SIGN_ERROR' || diagnosis !== undefined
  // Without an endpoint or a header, the verification has not started. APIv2 has no such header.
  const isUnknown = statusCode === undefined || statusCode === 404 || statusCode === 405
  const isChecked = authorization !== undefined && !isUnknown && detail?.location !== 'header'
  if (!isRefused && !isChecked) return undefined
  const field = detail?.field === 'brand_id' ? 'mchid' : detail?.field
  const at = isRefused ? stepOf(field) : STEPS.length
  const { timestamp, nonce } = authorization ?? {}
  // Only a part of an upload is signed.
  const isUpload = /^multipart\//i.test(headers['content-type'] ?? '')
  const expected =
    diagnosis?.expected ?? (isRefused || isUpload ? undefined : `${method}\n${path}\n${timestamp}\n${nonce}\n${body}\n`)
  return fold(`${key}#verification`, t().verification, () => [
    isRefused && at < 0
      ? undefined
      : h(
          'ol',
          { class: 'steps' },
          STEPS.map((step, index) => showStep(t().steps[step], Math.sign(index - at))),
        ),
    expected !== undefined && comparison(expected, diagnosis),
  ])
}

/**
 * @param {string | undefined} field
 * @returns {number} -1 for none
 */
const stepOf = field => /** @type {readonly (string | undefined)[]} */ (STEPS).indexOf(field)

/**
 * @param {string} name
 * @param {number} place -1 before the step that failed, 0 for it, 1 after it
 */
function showStep(name, place) {
  const [mark, text, kind] =
    place < 0 ? ['✓', t().passed, 'good'] : place === 0 ? ['✗', t().failed, 'bad'] : ['–', t().notReached, '']
  return h(
    'li',
    {},
    h('span', { 'aria-hidden': 'true', class: `state ${kind}` }, mark),
    ` ${name} `,
    h('span', { class: 'muted' }, text),
  )
}

/**
 * The right string line by line, beside that of the caller if it is known.
 *
 * @param {string} expected
 * @param {Diagnosis | undefined} diagnosis
 */
function comparison(expected, diagnosis) {
  const signed = diagnosis?.signed
  const rows = linesOf(expected)
  const others = signed === undefined ? undefined : linesOf(signed)
  if (!rows || (signed !== undefined && !others)) {
    return h(
      'div',
      {},
      h('h3', {}, t().stringExpected),
      code(visible(expected)),
      signed !== undefined && h('h3', {}, t().stringSigned),
      signed !== undefined && code(visible(signed)),
    )
  }
  return h(
    'table',
    {},
    h('caption', {}, t().stringExpected),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, t().line),
        h('th', { scope: 'col' }, t().expected),
        others && h('th', { scope: 'col' }, t().signed),
      ),
    ),
    h(
      'tbody',
      {},
      rows.map((row, index) => {
        const other = others?.[index]
        const differs = other !== undefined && other !== row
        return h(
          'tr',
          { class: differs ? 'differs' : undefined },
          h(
            'th',
            { scope: 'row' },
            t().lines[index] ?? '',
            differs && h('small', { class: 'note' }, ` ≠ ${t().different}`),
          ),
          h('td', { 'data-label': t().expected }, h('code', {}, row)),
          other !== undefined && h('td', { 'data-label': t().signed }, h('code', {}, other)),
        )
      }),
    ),
  )
}

/**
 * The five lines of a string; undefined for one of a different form.
 *
 * @param {string} string
 */
function linesOf(string) {
  const [, ...lines] = /^([^\n]*)\n([^\n]*)\n(\d+)\n([^\n]*)\n(.*)\n$/s.exec(string) ?? []
  return lines.length > 0 ? lines : undefined
}

/** @param {string} string with its line ends shown */
const visible = string => string.replaceAll('\r', '␍').replaceAll('\n', '⏎\n')
