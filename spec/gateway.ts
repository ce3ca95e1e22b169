/** A gateway for specs: verifies and signs with node:crypto alone, so that it is no mirror of the code under test. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSign,
  createVerify,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { keyFile } from './fixtures/vectors.js'

export const merchant = {
  mchid: '1230000109',
  serial: keyFile('merchant.serial.txt').trim(),
  privateKey: keyFile('merchant.pkcs8.key'),
  certificate: keyFile('merchant.crt'),
}

export const platform = {
  serial: keyFile('platform.serial.txt').trim(),
  privateKey: keyFile('platform.pkcs8.key'),
  certificate: keyFile('platform.crt'),
}

export const config = {
  mchid: merchant.mchid,
  serial: merchant.serial,
  privateKey: merchant.privateKey,
  certs: { [platform.serial]: platform.certificate },
}

export interface ReceivedRequest {
  method: string
  /** Path and query as they came over the wire. */
  url: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** What the Authorization header says. */
  authorization: Record<string, string>
  /** Whether the signature is the merchant's, over what came over the wire. */
  isSigned: boolean
}

type Answer = (request: ReceivedRequest, response: ServerResponse) => void

export interface Gateway {
  url: string
  requests: ReceivedRequest[]
  /** What is done with the next requests, in turn; the last one stays. */
  answers: Answer[]
  close(): Promise<void>
}

export async function startGateway(): Promise<Gateway> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const received = inspectRequest(method, url, headers, Buffer.concat(chunks))
    gateway.requests.push(received)
    const next = gateway.answers.length > 1 ? gateway.answers.shift() : gateway.answers[0]
    next?.(received, response)
  })
  const gateway: Gateway = {
    url: await listen(server),
    requests: [],
    answers: [answer(200, { ok: true })],
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return gateway
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

// Reading a key takes longer than to use it.
const merchantKey = createPublicKey(merchant.certificate)
const privateKeys = new Map<string, KeyObject>()

function privateKeyOf(pem: string): KeyObject {
  const key = privateKeys.get(pem) ?? createPrivateKey(pem)
  privateKeys.set(pem, key)
  return key
}

function inspectRequest(method: string, url: string, headers: IncomingHttpHeaders, body: Buffer): ReceivedRequest {
  const pairs = [...(headers.authorization ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value])
  const authorization: Record<string, string> = Object.fromEntries(pairs)
  const message = `${method}\n${url}\n${authorization.timestamp}\n${authorization.nonce_str}\n${body}\n`
  const isSigned = createVerify('sha256')
    .update(message)
    .verify(merchantKey, authorization.signature ?? '', 'base64')
  return { method, url, headers, body, authorization, isSigned }
}

/** The headers with which WeChat Pay signs a body; `changes` makes them wrong. */
export function signatureHeaders(
  body: string | Buffer,
  changes: { timestamp?: number; serial?: string; privateKey?: string } = {},
) {
  const {
    timestamp = Math.floor(Date.now() / 1000),
    serial = platform.serial,
    privateKey = platform.privateKey,
  } = changes
  const nonce = randomBytes(16).toString('hex')
  const signer = createSign('sha256').update(`${timestamp}\n${nonce}\n`).update(body).update('\n')
  return {
    'wechatpay-timestamp': String(timestamp),
    'wechatpay-nonce': nonce,
    'wechatpay-serial': serial,
    'wechatpay-signature': signer.sign(privateKeyOf(privateKey), 'base64'),
  }
}

/** Answers with JSON (or text, or nothing), signed; further headers replace the signed ones. */
export function answer(statusCode: number, data?: unknown, headers: Record<string, string> = {}): Answer {
  const body = typeof data === 'string' ? data : data === undefined ? '' : JSON.stringify(data)
  return (_request, response) => {
    response.writeHead(statusCode, {
      ...(body && { 'content-type': 'application/json; charset=utf-8' }),
      'request-id': '08D0BC9A0610B0-0',
      ...signatureHeaders(body),
      ...headers,
    })
    response.end(body)
  }
}

/** Answers without a signature. */
export function unsignedAnswer(
  statusCode: number,
  body: string | Buffer = '',
  headers: Record<string, string> = {},
): Answer {
  return (_request, response) => {
    response.writeHead(statusCode, headers)
    response.end(body)
  }
}

/** Reads the request and drops the connection. */
export const dropConnection: Answer = (_request, response) => {
  response.socket?.destroy()
}

export function sha1(content: string | Buffer): string {
  return createHash('sha1').update(content).digest('hex')
}
