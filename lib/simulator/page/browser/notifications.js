/** Notifications: their content, their attempts, and resending. */
import { h } from './dom.js'
import { button, card, code, fold, headersText, list, pretty, section, state, t, tell, timeOf } from './view.js'

/** @typedef {import('../../notify/log.js').SimulatorNotification} Notification */
/** @typedef {import('../../notify/log.js').NotificationAttempt} Attempt */

/**
 * @param {readonly Notification[]} notifications
 * @param {boolean} isHeld
 */
export function notificationsSection(notifications, isHeld) {
  const hold = isHeld
    ? button(t().release, () => tell('release', {}, t().released), 'main')
    : button(t().hold, () => tell('hold', {}, t().held))
  return section('notifications', t().notifications, notifications.length, [
    h(
      'p',
      { class: 'actions' },
      hold,
      isHeld && button(t().deliver, () => tell('deliver', {}, t().done)),
      isHeld && h('span', {}, t().held),
    ),
    ...list('notifications', notifications, showNotification, () => h('p', { class: 'empty' }, t().noNotifications)),
  ])
}

/** @param {Notification} notification */
function showNotification({ id, event_type, notify_url, status, attempts, dueAt, history, resource }) {
  const key = `notification/${id}`
  const first = attempts - history.length + 1
  const count = attempts > 0 && ` ${t().attempts(attempts)}`
  return card(key, `${event_type} ${id}`, [
    h(
      'div',
      { class: 'what' },
      h('p', { class: 'head' }, h('strong', {}, event_type)),
      h('p', {}, state(status), count, dueAt !== undefined && ` · ${t().next(timeOf(dueAt))}`),
      h('p', { class: 'muted' }, notify_url),
      status === 'skipped' && h('p', {}, t().skipped),
    ),
    status !== 'skipped' &&
      h(
        'div',
        { class: 'actions', role: 'group', 'aria-label': `${event_type} ${id}` },
        button(t().replay, () => tell('replay', { id }, t().replayed)),
      ),
    fold(`${key}#content`, t().content, () => code(JSON.stringify(resource, null, 2))),
    ...history.map((attempt, index) => showAttempt(`${key}#${first + index}`, first + index, attempt)),
  ])
}

/**
 * @param {string} key
 * @param {number} number
 * @param {Attempt} attempt
 */
function showAttempt(key, number, { time, request, response, error }) {
  const outcome = response ? String(response.statusCode) : (error ?? '…')
  return fold(key, `${t().attempt(number)} · ${timeOf(time)} · ${outcome}`, () => [
    h('h3', {}, t().sent),
    code(`${headersText(request.headers)}\n\n${pretty(request.body)}`),
    h('h3', {}, t().received),
    code(response ? `${response.statusCode}\n${headersText(response.headers)}\n\n${pretty(response.body)}` : outcome),
  ])
}
