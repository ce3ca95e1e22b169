/** An APIv2 gateway for specs: reads, verifies and signs with node:crypto and patterns alone, so that it is no mirror. */
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'
import { merchant, config as v3Config } from './gateway.js'

export const secret = 'exposed_your_key_here_have_risks'

/** A merchant with everything that APIv2 can ask for. */
export const config = {
  ...v3Config,
  secret,
  merchant: { cert: merchant.certificate, key: merchant.privateKey },
}

export type Fields = Record<string, string>

export interface ReceivedRequest {
  method: string
  /** Path and query as they came over the wire. */
  url: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** Of the XML, or of the query. */
  fields: Fields
  /** The serial of the certificate that the client showed, if any. */
  certificate: string | undefined
}

export type Answer = (request: ReceivedRequest, response: ServerResponse) => void

export interface Gateway {
  url: string
  requests: ReceivedRequest[]
  /** What is done with the next requests, in turn; the last one stays. */
  answers: Answer[]
  /** How many connections were made. */
  connections: number
  close(): Promise<void>
}

interface Tls {
  key: string | Buffer
  cert: string | Buffer
  ca: string | Buffer
  /** Whether a client without a certificate of that authority is turned away in the handshake. */
  rejectUnauthorized: boolean
}

export async function startGateway(tls?: Tls): Promise<Gateway> {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const received = await receive(request)
    gateway.requests.push(received)
    const next = gateway.answers.length > 1 ? gateway.answers.shift() : gateway.answers[0]
    next?.(received, response)
  }
  const server = tls ? createSecureServer({ ...tls, requestCert: true }, handle) : createServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const gateway: Gateway = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/`,
    requests: [],
    answers: [answer()],
    connections: 0,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  server.on('connection', () => {
    gateway.connections++
  })
  return gateway
}

async function receive(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { method = '', url = '', headers, socket } = request
  const body = Buffer.concat(chunks)
  return {
    method,
    url,
    headers,
    body,
    fields: method === 'GET' ? queryFields(url) : xmlFields(String(body)),
    certificate: socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : undefined,
  }
}

const queryFields = (url: string): Fields =>
  Object.fromEntries(
    [...url.matchAll(/[?&]([^=&]+)=([^&]*)/g)].map(([, name = '', value = '']) => [name, decodeURIComponent(value)]),
  )

/** The fields of an XML message, as a pattern sees them. */
export function xmlFields(xml: string): Fields {
  const [, content = ''] = /^<xml>(.*)<\/xml>$/s.exec(xml) ?? []
  const elements = content.matchAll(/<(\w+)>((?:<!\[CDATA\[.*?\]\]>|[^<])*)<\/\1>/gs)
  return Object.fromEntries([...elements].map(([, name = '', value = '']) => [name, decodeText(value)]))
}

const decodeText = (text: string) =>
  text.replace(/<!\[CDATA\[(.*?)\]\]>|&#(\d+);/gs, (_match, cdata: string | undefined, code: string) =>
    cdata === undefined ? String.fromCharCode(Number(code)) : cdata,
  )

/** The `sign` as the APIv2 documents define it. */
export function signOf(fields: Fields, key = secret, type = fields.sign_type ?? 'MD5'): string {
  const names = Object.keys(fields).filter(name => name !== 'sign' && fields[name] !== '')
  const sorted = names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const text = `${sorted.map(name => `${name}=${fields[name]}`).join('&')}&key=${key}`
  const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', key)
  return hash.update(text).digest('hex').toUpperCase()
}

export const isSigned = ({ fields }: ReceivedRequest, key = secret) => fields.sign === signOf(fields, key)

/** The XML of an answer; a value that is undefined is left out. */
export function xml(fields: Record<string, string | undefined>): string {
  const elements = Object.entries(fields).map(([name, value]) =>
    value === undefined ? '' : `<${name}><![CDATA[${value}]]></${name}>`,
  )
  return `<xml>${elements.join('')}</xml>`
}

const SUCCESS: Fields = { return_code: 'SUCCESS', result_code: 'SUCCESS' }

/** Answers with fields and their sign; `changes` replace what is sent, after it was signed. */
export function answer(
  fields: Fields = {},
  {
    type = 'MD5',
    key = secret,
    changes = {},
  }: { type?: string; key?: string; changes?: Record<string, string | undefined> } = {},
): Answer {
  const all: Fields = { ...SUCCESS, nonce_str: 'abcdef', ...fields }
  return rawAnswer(xml({ ...all, sign: signOf(all, key, type), ...changes }))
}

/** Answers without a sign. */
export const unsignedAnswer = (fields: Fields = {}): Answer => rawAnswer(xml({ ...SUCCESS, ...fields }))

export function rawAnswer(body: string | Buffer, statusCode = 200, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(statusCode, { 'request-id': '08D0BC9A0610B0-0', ...headers })
    response.end(body)
  }
}
