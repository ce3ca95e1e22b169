/** Sends notifications to this machine and to the other permitted hosts. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from 'node:http'
import { Agent as HttpsAgent, request as requestSecurely } from 'node:https'
import { buffer } from 'node:stream/consumers'
import type { MintedNotification } from '../../notification/mint.js'
import { isLoopback } from '../http/loopback.js'

/** The response of the recipient. */
export interface NotificationResponse {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  /** The first 64 KiB, decoded as UTF-8. */
  readonly body: string
}

/** Bytes. */
const BODY_LIMIT = 64 * 1024
/** Milliseconds. WeChat Pay waits this long for the response to a notification. */
const RESPONSE_TIMEOUT = 5000

/** Whether the URL is an http or https URL of this machine or of one of these hosts. */
export function isReachable(url: string, hosts: readonly string[]): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  if (!/^https?:$/.test(protocol)) return false
  return isLoopback(hostname) || hosts.some(host => host.toLowerCase() === hostname)
}

export class Sender {
  // The global agents of the process may be configured to use a proxy.
  readonly #agents = { http: new HttpAgent(), https: new HttpsAgent() }

  /** Rejects without a complete response within 5 seconds. Follows no redirect. */
  post(url: string, { headers, body }: MintedNotification): Promise<NotificationResponse> {
    const options = {
      method: 'POST',
      headers: { ...headers, Accept: '*/*', 'User-Agent': 'Mozilla/4.0', 'Content-Length': Buffer.byteLength(body) },
    }
    const outgoing =
      new URL(url).protocol === 'https:'
        ? requestSecurely(url, { ...options, agent: this.#agents.https })
        : request(url, { ...options, agent: this.#agents.http })
    outgoing.end(body)
    return responseOf(outgoing)
  }

  /** Closes all connections. */
  close(): void {
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }
}

function responseOf(outgoing: ClientRequest): Promise<NotificationResponse> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`No response within ${RESPONSE_TIMEOUT / 1000} seconds.`))
    }, RESPONSE_TIMEOUT)
    outgoing.once('response', response => {
      readResponse(response).then(resolve, reject)
    })
    outgoing.on('error', reject)
    outgoing.once('close', () => {
      clearTimeout(timer)
      reject(new Error('The connection was closed without a response.'))
    })
  })
}

async function readResponse(response: IncomingMessage): Promise<NotificationResponse> {
  const { statusCode = 0, headers } = response
  return { statusCode, headers, body: (await buffer(response)).toString('utf8', 0, BODY_LIMIT) }
}
