/** Shared by the file benchmarks: separate processes, and a server that signs like WeChat Pay. */
import { fork } from 'node:child_process'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { environment } from './stage.mjs'

const SERIAL = 'PUB_KEY_ID_0119000001092024110100000000000001'
export const MEGABYTE = 1 << 20

/** The keys of both sides, and the configuration of the merchant without `base_uri`. */
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

/** Runs the script in a separate process and sends it its part. `ready` is its reply: a base URI, or measurements. */
export async function actor(script, part) {
  const child = fork(script, process.argv.slice(2), { env: environment() })
  child.send(part)
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The process ${part.role} exited without a result.`)
  })
  ended.catch(() => {})
  const [ready] = await Promise.race([once(child, 'message'), ended])
  return { ready, stop: () => child.disconnect() }
}

/** In the separate process: serves until the main process disconnects. Returns the base URI. */
export async function serve(listener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.once('disconnect', () => process.exit())
  return `http://127.0.0.1:${server.address().port}/`
}

/** Sends a signed JSON response. */
export function respond(response, data, privateKey) {
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

/** Measures the duration of `run` in seconds, and the peak growth of the process's memory in megabytes. */
export async function measure(run) {
  const start = process.memoryUsage.rss()
  let peak = start
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 10)
  const started = performance.now()
  await run()
  clearInterval(sampling)
  return { seconds: (performance.now() - started) / 1000, memory: (peak - start) / MEGABYTE }
}
