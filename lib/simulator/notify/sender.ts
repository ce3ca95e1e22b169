/** Sends notifications to this machine, and to the hosts that a simulator may reach beside it. */
import { type ClientRequest, Agent as HttpAgent, request } from 'node:http'
import { Agent as HttpsAgent, request as requestSecurely } from 'node:https'
import type { MintedNotification } from '../../notification/mint.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { isLoopback } from '../http/loopback.js'
import type { Merchant } from '../keys/merchant.js'

/** A notification to send. Each attempt has the same content and a new signature. */
export interface OutgoingNotification {
  readonly event_type: string
  readonly notify_url: string
  mint(merchant: Merchant, now: EpochMilliseconds): MintedNotification
}

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

  /** Returns the status of the response, or undefined without a complete one within 5 seconds. Follows no redirect. */
  post(url: string, { headers, body }: MintedNotification): Promise<number | undefined> {
    const options = {
      method: 'POST',
      headers: { ...headers, Accept: '*/*', 'User-Agent': 'Mozilla/4.0', 'Content-Length': Buffer.byteLength(body) },
    }
    const outgoing =
      new URL(url).protocol === 'https:'
        ? requestSecurely(url, { ...options, agent: this.#agents.https })
        : request(url, { ...options, agent: this.#agents.http })
    outgoing.end(body)
    return statusOf(outgoing)
  }

  /** Closes all connections. */
  close(): void {
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }
}

function statusOf(outgoing: ClientRequest): Promise<number | undefined> {
  return new Promise(resolve => {
    let status: number | undefined
    const timer = setTimeout(() => outgoing.destroy(), RESPONSE_TIMEOUT)
    outgoing.once('response', response => {
      response.once('end', () => {
        status = response.statusCode
      })
      response.once('error', () => {})
      response.resume()
    })
    // After any error there is no complete response, so that `status` stays undefined.
    outgoing.on('error', () => {})
    outgoing.once('close', () => {
      clearTimeout(timer)
      resolve(status)
    })
  })
}
