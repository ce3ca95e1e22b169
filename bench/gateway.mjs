/**
 * A gateway in a separate process: responds to the native order on three loopback ports.
 *
 * `fast` sends a prepared signed response to every request, so that a round measures the client only; `strict` first
 * verifies the request, as WeChat Pay does; `forged` sends a response that was altered after it was signed.
 */
import { createPrivateKey, randomBytes, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { codeUrl, orderPath } from './order.mjs'

/**
 * @typedef {object} GatewayKeys
 * @property {string} merchantSerial serial number that requests must name
 * @property {string} merchantPublicKey PEM, to verify requests
 * @property {string} platformSerial serial number that responses name
 * @property {string} platformPrivateKey PEM, to sign responses
 */

const CLOCK_SECONDS = 300
// Milliseconds. Well below the five minutes that clients accept, and too rare to affect a round.
const RESIGN_MS = 30_000

const body = JSON.stringify({ code_url: codeUrl })
const forgedBody = body.replace('p4lpSuKzz', 'x4lpSuKzz')

/** @param {string} status @param {string} content @param {Record<string, string>} [headers] */
function httpResponse(status, content, headers = {}) {
  const lines = Object.entries({
    Server: 'nginx',
    Date: new Date().toUTCString(),
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(content)),
    'Cache-Control': 'no-cache, must-revalidate',
    'X-Content-Type-Options': 'nosniff',
    'Content-Language': 'zh-CN',
    'Request-ID': '08F6E9B0A10610EE0318B5E6EA2520D1A93928A0B204-0',
    ...headers,
  })
  return Buffer.from(`HTTP/1.1 ${status}\r\n${lines.map(line => line.join(': ')).join('\r\n')}\r\n\r\n${content}`)
}

/** @param {string} serial @param {import('node:crypto').KeyObject} key */
function signedHeaders(serial, key) {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const nonce = randomBytes(16).toString('hex')
  return {
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Serial': serial,
    'Wechatpay-Signature': sign('sha256', Buffer.from(`${timestamp}\n${nonce}\n${body}\n`), key).toString('base64'),
    'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
    'Wechatpay-Timestamp': timestamp,
  }
}

/** Returns the reason why a request is invalid, or undefined. @param {string} head @param {Buffer} content @param {GatewayKeys} keys */
function findIssue(head, content, keys) {
  if (!head.startsWith(`POST ${orderPath} HTTP/1.1\r\n`)) return 'not a native order'
  if (!/\r\naccept: ./i.test(head) || !/\r\nuser-agent: ./i.test(head)) return 'no Accept or User-Agent'
  const authorization = /\r\nauthorization: *WECHATPAY2-SHA256-RSA2048 (.*)/i.exec(head)?.[1]
  if (authorization === undefined) return 'no Authorization'
  const part = Object.fromEntries(
    [...authorization.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  )
  if (part.serial_no !== keys.merchantSerial) return 'unknown serial'
  if (Math.abs(Date.now() / 1000 - Number(part.timestamp)) > CLOCK_SECONDS) return 'clock'
  const message = Buffer.from(`POST\n${orderPath}\n${part.timestamp}\n${part.nonce_str}\n${content}\n`)
  const signature = Buffer.from(part.signature, 'base64')
  return verify('sha256', message, keys.merchantPublicKey, signature) ? undefined : 'sign not match'
}

/**
 * Implements the part of HTTP that clients with a Content-Length and without pipelining need. node:http would take four
 * times as much CPU time, on the same cores as the client.
 * @param {(head: string, content: Buffer) => Buffer} respond
 */
function serve(respond) {
  return createServer({ noDelay: true }, socket => {
    let received = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', chunk => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      const headEnd = received.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      const head = received.toString('latin1', 0, headEnd)
      const end = headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (received.length < end) return
      const content = received.subarray(headEnd + 4, end)
      received = received.subarray(end)
      socket.write(respond(head, content))
      if (/\r\nconnection: *close/i.test(head)) socket.end()
    })
  })
}

/** @param {import('node:net').Server} server */
async function listen(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return `http://127.0.0.1:${address.port}/`
}

/** @param {GatewayKeys} keys */
async function open(keys) {
  const platformKey = createPrivateKey(keys.platformPrivateKey)
  let genuine = Buffer.alloc(0)
  let forged = Buffer.alloc(0)
  const refresh = () => {
    const headers = signedHeaders(keys.platformSerial, platformKey)
    genuine = httpResponse('200 OK', body, headers)
    forged = httpResponse('200 OK', forgedBody, headers)
  }
  refresh()
  setInterval(refresh, RESIGN_MS)

  const strict = serve((head, content) => {
    const issue = findIssue(head, content, keys)
    if (issue === undefined) return genuine
    return httpResponse(
      '401 Unauthorized',
      JSON.stringify({ code: 'SIGN_ERROR', message: '签名错误', detail: { issue } }),
    )
  })
  return {
    fast: await listen(serve(() => genuine)),
    strict: await listen(strict),
    forged: await listen(serve(() => forged)),
  }
}

process.once('disconnect', () => process.exit())
process.once('message', async keys => {
  process.send?.(await open(/** @type {GatewayKeys} */ (keys)))
})
