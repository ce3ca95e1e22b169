/** The script of the page at `/_sim/`: it reads the control API, and again after each event. */
export const SCRIPT = String.raw`
const TEXTS = {
  en: {
    title: 'WeChat Pay simulator', language: '中文', orders: 'Orders', notifications: 'Notifications', requests: 'Requests',
    time: 'Time and faults', merchant: 'Merchant', none: 'Nothing yet.', pay: 'Pay', fail: 'Fail', cancel: 'Cancel', replay: 'Send again',
    attempts: n => n + (n === 1 ? ' attempt' : ' attempts'), sent: 'Sent', received: 'Received', content: 'Content',
    paid: no => 'Order ' + no + ' is paid.', failed: no => 'The payment of ' + no + ' failed: not enough money.',
    cancelled: no => 'The payer cancelled. Order ' + no + ' can still be paid.', replayed: 'The notification was sent again.',
    days: 'Days', hours: 'Hours', minutes: 'Minutes', advance: 'Advance', advanced: 'Time has moved.', fault: 'Next request fails with 503',
    behave: 'No faults', faulty: 'The next request will fail.', behaves: 'Requests succeed again.', copy: 'Copy', copied: 'Copied.',
    scan: 'Open with a phone to pay', why: 'Why it was refused', signed: 'The string that the simulator expected to be signed, line by line:',
    lines: ['Method', 'Path and query', 'Timestamp', 'Nonce', 'Body (its beginning)'], hint: 'Compare each line with the string that your program signs. The body must be the exact bytes that are sent.',
    steps: { authorization: 'Authorization header', scheme: 'Scheme', mchid: 'Merchant', serial_no: 'Serial number', timestamp: 'Timestamp', nonce_str: 'Nonce', signature: 'Signature' },
    passed: 'passed', here: 'failed', later: 'not reached', request: 'Request', lost: 'The simulator does not respond. Waiting for it.', states: {},
  },
  zh: {
    title: '微信支付模拟器', language: 'English', orders: '订单', notifications: '通知', requests: '请求', time: '时间与故障', merchant: '商户',
    none: '暂无。', pay: '支付', fail: '支付失败', cancel: '取消', replay: '再次发送', attempts: n => '已发送 ' + n + ' 次', sent: '发送', received: '收到的应答', content: '内容',
    paid: no => '订单 ' + no + ' 已支付。', failed: no => '订单 ' + no + ' 支付失败：余额不足。', cancelled: no => '用户取消了支付，订单 ' + no + ' 仍可支付。',
    replayed: '通知已再次发送。', days: '天', hours: '小时', minutes: '分钟', advance: '快进', advanced: '时间已快进。', fault: '下一个请求返回 503', behave: '取消故障',
    faulty: '下一个请求将失败。', behaves: '请求恢复正常。', copy: '复制', copied: '已复制。', scan: '用手机打开并支付', why: '为何被拒绝', signed: '模拟器验签所用的签名串，逐行如下：',
    lines: ['请求方法', '路径与查询串', '时间戳', '随机串', '报文主体（开头）'], hint: '请与程序实际签名的字符串逐行比对；报文主体须与发送的字节完全一致。',
    steps: { authorization: 'Authorization 头', scheme: '认证类型', mchid: '商户号', serial_no: '证书序列号', timestamp: '时间戳', nonce_str: '随机串', signature: '签名' },
    passed: '通过', here: '未通过', later: '未检查', request: '请求报文', lost: '模拟器没有应答，正在等待。',
    states: { NOTPAY: '未支付', SUCCESS: '已支付', REFUND: '转入退款', CLOSED: '已关闭', waiting: '等待发送', acknowledged: '已确认', abandoned: '已放弃', skipped: '未发送' },
  },
}
let language = localStorage.getItem('language') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en')
const t = () => TEXTS[language]
const main = document.querySelector('main')
const status = document.querySelector('#status')
const payee = /^\/_sim\/pay\/(.+)$/.exec(location.pathname)?.[1]
const open = new Set()

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) key === 'onclick' || key === 'onsubmit' || key === 'ontoggle' ? (made[key] = value) : made.setAttribute(key, value)
  made.append(...children.filter(child => child !== undefined && child !== ''))
  return made
}
async function read(name) {
  const response = await fetch('/_sim/' + name)
  return response.json()
}
async function tell(name, body, done) {
  const response = await fetch('/_sim/' + name, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
  const json = await response.json()
  status.textContent = response.ok ? done : json.message
  await refresh()
}
const button = (text, onclick, kind = '') => element('button', { type: 'button', onclick, class: kind }, text)
const money = order => (order.total / 100).toLocaleString(language, { style: 'currency', currency: order.currency })
const good = ['SUCCESS', 'acknowledged'], bad = ['CLOSED', 'abandoned', 'PAYERROR']
const state = name => element('span', { class: 'state ' + (good.includes(name) ? 'good' : bad.includes(name) ? 'bad' : '') }, t().states[name] ?? name)
const pretty = text => { try { return JSON.stringify(JSON.parse(text), null, 2) } catch { return text } }

function fold(key, title, ...children) {
  const made = element('details', {}, element('summary', {}, title), ...children)
  made.open = open.has(key)
  made.ontoggle = () => (made.open ? open.add(key) : open.delete(key))
  return made
}
function actionsOf(order) {
  const { out_trade_no } = order
  return element('div', { class: 'actions' },
    button(t().pay, () => tell('pay', { out_trade_no }, t().paid(out_trade_no)), 'main'),
    button(t().fail, () => tell('pay', { out_trade_no, fail: 'NOTENOUGH' }, t().failed(out_trade_no))),
    button(t().cancel, () => (status.textContent = t().cancelled(out_trade_no))))
}
function showOrder(order) {
  const payable = order.trade_state === 'NOTPAY' || order.trade_state === 'USERPAYING'
  const path = encodeURIComponent(order.out_trade_no)
  return element('article', { 'data-order': order.out_trade_no },
    payable ? element('a', { href: '/_sim/pay/' + path }, element('img', { class: 'qr', src: '/_sim/qr/' + path, alt: t().scan })) : '',
    element('div', { class: 'what' }, element('strong', {}, order.description || order.out_trade_no), money(order) + ' · ' + order.trade_type + ' · ' + order.out_trade_no, element('br'), state(order.trade_state)),
    payable ? actionsOf(order) : '')
}
function showNotification(notification) {
  const { id, event_type, notify_url, attempts, history, resource } = notification
  const tries = history.map(({ request, response, error, time }, index) => fold('n' + id + '.' + index, new Date(time).toLocaleString(language) + ' · ' + (response?.statusCode ?? error),
    t().sent, element('pre', {}, pretty(JSON.stringify(request.headers)) + '\n\n' + pretty(request.body)),
    t().received, element('pre', {}, response ? pretty(JSON.stringify(response.headers)) + '\n\n' + pretty(response.body) : error)))
  return element('article', { 'data-notification': String(id) },
    element('div', { class: 'what' }, element('strong', {}, event_type), notify_url, element('br'), state(notification.status), ' · ' + t().attempts(attempts)),
    notification.status === 'skipped' ? '' : button(t().replay, () => tell('replay', { id }, t().replayed)),
    fold('c' + id, t().content, element('pre', {}, pretty(JSON.stringify(resource)))), ...tries)
}
function explain(refusal) {
  let problem
  try { problem = JSON.parse(refusal) } catch { return element('pre', {}, refusal) }
  const { field, issue, sign_information: sign } = problem.detail ?? {}
  const names = Object.keys(t().steps)
  const at = names.indexOf(field)
  const parts = [element('p', {}, problem.code + ': ' + problem.message + (issue ? ' (' + issue + ')' : ''))]
  if (problem.code === 'SIGN_ERROR' && at >= 0) {
    parts.push(element('ol', {}, ...names.map((name, index) => element('li', {}, t().steps[name] + ': ', element('span', { class: 'state ' + (index < at ? 'good' : index === at ? 'bad' : '') }, index < at ? t().passed : index === at ? t().here : t().later)))))
  }
  if (sign) {
    const lines = sign.truncated_sign_message.split('\n')
    parts.push(element('p', {}, t().signed), element('ol', {}, ...t().lines.map((name, index) => element('li', {}, name + ': ', element('code', {}, lines[index] ?? '')))), element('p', {}, t().hint))
  }
  return element('div', {}, ...parts)
}
function showRequest({ id, method, path, statusCode, body, refusal }) {
  const failed = statusCode >= 400 || statusCode === undefined
  return element('article', { 'data-request': String(id) },
    element('div', { class: 'what' }, element('strong', {}, method + ' ' + path), element('span', { class: 'state ' + (failed ? 'bad' : 'good') }, String(statusCode ?? '–'))),
    refusal ? fold('w' + id, t().why, explain(refusal)) : '',
    body ? fold('r' + id, t().request, element('pre', {}, pretty(body))) : '')
}
const section = (name, children) => element('section', { 'aria-label': t()[name] }, element('h2', {}, t()[name]), ...(children.length ? children : [element('p', {}, t().none)]))
function timeAndFaults() {
  const number = name => element('label', {}, t()[name], element('input', { name, type: 'number', min: '0', value: name === 'days' ? '1' : '0' }))
  const form = element('form', { onsubmit: event => {
    event.preventDefault()
    tell('advance', Object.fromEntries(['days', 'hours', 'minutes'].map(name => [name, Number(form.elements[name].value)])), t().advanced)
  } }, number('days'), number('hours'), number('minutes'), element('button', { class: 'main' }, t().advance))
  return [form, element('p', { class: 'actions' }, button(t().fault, () => tell('misbehave', { status: 503 }, t().faulty)), button(t().behave, () => tell('behave', {}, t().behaves)))]
}
function merchant(config) {
  return Object.entries(config).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
    return fold('m' + name, name, button(t().copy, async () => { await navigator.clipboard.writeText(text); status.textContent = t().copied }), element('pre', {}, text))
  })
}
async function refresh() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  document.title = t().title
  document.querySelector('h1').textContent = t().title
  document.querySelector('#language').textContent = t().language
  const { now } = await read('health')
  document.querySelector('#clock').textContent = new Date(now).toLocaleString(language)
  const { orders } = await read('orders')
  if (payee) return showPayer(orders.find(order => order.out_trade_no === decodeURIComponent(payee)))
  const [{ notifications }, { requests }, config] = await Promise.all([read('notifications'), read('requests'), read('config')])
  if (main.contains(document.activeElement) && document.activeElement.matches('input')) return
  const focused = document.activeElement?.closest('article')
  const key = focused && Object.keys(focused.dataset)[0]
  const label = document.activeElement?.textContent
  main.replaceChildren(
    section('orders', orders.toReversed().slice(0, 50).map(showOrder)),
    section('notifications', notifications.toReversed().slice(0, 50).map(showNotification)),
    section('requests', requests.toReversed().slice(0, 50).map(showRequest)),
    section('time', timeAndFaults()),
    section('merchant', merchant(config)))
  // The buttons are new: the keyboard stays where it was.
  if (key) {
    const again = main.querySelector('[data-' + key + '="' + CSS.escape(focused.dataset[key]) + '"]')
    const all = [...(again?.querySelectorAll('button, summary, a') ?? [])]
    ;(all.find(one => one.textContent === label) ?? all[0])?.focus()
  }
}
function showPayer(order) {
  if (!order) return main.replaceChildren(element('p', {}, t().none))
  const payable = order.trade_state === 'NOTPAY' || order.trade_state === 'USERPAYING'
  main.replaceChildren(element('section', { class: 'payer' }, element('p', {}, order.description), element('p', { class: 'total' }, money(order)), element('p', {}, state(order.trade_state)), payable ? actionsOf(order) : ''))
}
document.querySelector('#language').onclick = () => {
  language = language === 'zh' ? 'en' : 'zh'
  localStorage.setItem('language', language)
  status.textContent = ''
  refresh()
}
let waiting
const events = new EventSource('/_sim/events')
events.onmessage = () => { waiting ??= setTimeout(() => { waiting = undefined; refresh() }, 50) }
events.onopen = () => { status.textContent = ''; refresh() }
events.onerror = () => (status.textContent = t().lost)
`
