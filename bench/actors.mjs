/** What the measurements of files stand on: processes of their own, and a WeChat Pay that signs. */
import { fork } from 'node:child_process'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { environment } from './stage.mjs'

const SERIAL = 'PUB_KEY_ID_0119000001092024110100000000000001'
export const MEGABYTE = 1 << 20

/** The keys of both sides, and the configuration of the merchant, `base_uri` excepted. */
export function makeKeys() {
  const [merchant, platform] = [keyPair(), keyPair()]
  return {
    privateKey: platform.privateKey,
    config: {
      mchid: '1900000109',
      serial: '3775B6A45ACD588826D15E583A95F5DD1A2B3C4D',
      privateKey: merchant.privateKey,
      certs: { [SERIAL]: platform.publicKey },
    },
  }
}

function keyPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

/** Another process of that script, which is told its part, and tells when it is ready, or what it measured. */
export async function actor(script, part) {
  const child = fork(script, process.argv.slice(2), { env: environment() })
  child.send(part)
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${part.role} ended without a result`)
  })
  ended.catch(() => {})
  const [ready] = await Promise.race([once(child, 'message'), ended])
  return { ready, stop: () => child.disconnect() }
}

/** In the other process: serves until the first one has seen enough, and gives the base URI. */
export async function serve(listener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.once('disconnect', () => process.exit())
  return `http://127.0.0.1:${server.address().port}/`
}

/** Answers with JSON, signed. */
export function answer(response, data, privateKey) {
  const body = JSON.stringify(data)
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createSign('sha256').update(`${timestamp}\nn\n${body}\n`).sign(privateKey, 'base64')
  response.writeHead(200, {
    'content-type': 'application/json',
    'wechatpay-timestamp': timestamp,
    'wechatpay-nonce': 'n',
    'wechatpay-serial': SERIAL,
    'wechatpay-signature': signature,
  })
  response.end(body)
}

/** Runs it, and tells how many seconds it took and how many megabytes the process grew by at its most. */
export async function measure(run) {
  const start = process.memoryUsage.rss()
  let most = start
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 10)
  const started = performance.now()
  await run()
  clearInterval(sampling)
  return { seconds: (performance.now() - started) / 1000, memory: (most - start) / MEGABYTE }
}
