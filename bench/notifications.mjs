// Receives notifications with the web handler, and with the least that a correct receiver does, in turns.
//
//   node bench/notifications.mjs --rounds 25
import {
  constants,
  createDecipheriv,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  verify,
} from 'node:crypto'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { Notification } from '../dist/index.js'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '25' } } })
const rounds = Number(values.rounds)
const SUPPLY = 1_000
const GOAL = 1.3

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const serial = 'PUB_KEY_ID_0114232134912410000000000000'
const apiv3Key = randomBytes(16).toString('hex')

const supply = Array.from({ length: SUPPLY }, () => {
  const resource = {
    mchid: '1900000109',
    appid: 'wxd678efh567hg6787',
    out_trade_no: randomUUID().replaceAll('-', ''),
    transaction_id: '4200001234202401011234567890',
    trade_type: 'JSAPI',
    trade_state: 'SUCCESS',
    trade_state_desc: '支付成功',
    bank_type: 'OTHERS',
    success_time: '2026-11-24T10:34:56+08:00',
    payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
    amount: { total: 100, payer_total: 100, currency: 'CNY', payer_currency: 'CNY' },
  }
  return Notification.mint({ event_type: 'TRANSACTION.SUCCESS', resource }, { serial, privateKey, apiv3Key })
})

let count = 0
const onEvent = async ({ resource }) => {
  if (resource.trade_state === 'SUCCESS') count += 1
}

/** Checks the time, the serial and the signature, decrypts, parses, and handles what it has not handled before. */
function createFloor() {
  const keys = new Map([[serial, { key: createPublicKey(publicKey), padding: constants.RSA_PKCS1_PADDING }]])
  const handled = new Set()
  return async request => {
    const { headers } = request
    const body = Buffer.from(await request.arrayBuffer())
    const timestamp = headers.get('wechatpay-timestamp')
    const key = keys.get(headers.get('wechatpay-serial'))
    const head = Buffer.from(`${timestamp}\n${headers.get('wechatpay-nonce')}\n`)
    const signature = Buffer.from(headers.get('wechatpay-signature'), 'base64')
    const isTimely = Math.abs(Number(timestamp) - Date.now() / 1000) <= 300
    if (!isTimely || !verify('sha256', Buffer.concat([head, body, LINE_FEED]), key, signature)) {
      return new Response(null, { status: 401 })
    }
    const event = JSON.parse(body.toString())
    const { ciphertext, nonce, associated_data } = event.resource
    const bytes = Buffer.from(ciphertext, 'base64')
    const decipher = createDecipheriv('aes-256-gcm', apiv3Key, nonce)
    decipher.setAAD(Buffer.from(associated_data)).setAuthTag(bytes.subarray(-16))
    const content = Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()])
    if (!handled.has(event.id)) {
      handled.add(event.id)
      await onEvent({ ...event, resource: JSON.parse(content.toString()) })
    }
    return new Response(null, { status: 204 })
  }
}
const LINE_FEED = Buffer.from('\n')

// Each turn has a handler of its own, which has handled nothing yet.
const receiver = Notification.create({ certs: { [serial]: publicKey }, apiv3Key })
const contestants = [createFloor, () => receiver.handler(onEvent)]

/** CPU microseconds for each notification. */
async function takeTurn(create) {
  const handler = create()
  count = 0
  const before = process.cpuUsage()
  for (const { headers, body } of supply) {
    const { status } = await handler(new Request('https://shop.example/notify', { method: 'POST', headers, body }))
    if (status !== 204) throw new Error(`A notification got ${status}.`)
  }
  const { user, system } = process.cpuUsage(before)
  if (count !== SUPPLY) throw new Error(`${count} of ${SUPPLY} notifications were handled.`)
  return (user + system) / SUPPLY
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

for (const create of contestants) await takeTurn(create)
const turns = []
for (let round = 0; round < rounds; round++) {
  const turn = []
  for (const create of contestants) turn.push(await takeTurn(create))
  turns.push(turn)
}
const ratio = median(turns.map(([floor, own]) => own / floor))
console.log(`Node ${process.version}, ${rounds} rounds of ${SUPPLY} notifications, CPU µs for each (medians):`)
console.log(`  node:crypto alone  ${median(turns.map(([floor]) => floor)).toFixed(1)}`)
console.log(`  wechatpay-chain    ${median(turns.map(([, own]) => own)).toFixed(1)}`)
console.log(`  ratio              ${ratio.toFixed(2)} (goal ${GOAL})`)
