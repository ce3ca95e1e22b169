/** One notification over the wire, to a server on this machine. */
import { type ClientRequest, Agent as HttpAgent, request } from 'node:http'
import { Agent as HttpsAgent, request as requestSecurely } from 'node:https'
import type { MintedNotification } from '../../notification/mint.js'
import type { Merchant } from '../keys/merchant.js'

/** A notification to send: signed anew for each attempt, with the same content. */
export interface Announcement {
  readonly event_type: string
  readonly notify_url: string
  /** `now` in milliseconds. */
  mint(merchant: Merchant, now: number): MintedNotification
}

/** Milliseconds within which a notification has to be answered. */
const PATIENCE = 5000

/** Whether the URL leads nowhere but to this machine, by http or https. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return /^https?:$/.test(protocol) && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}

export class Sender {
  // Agents of its own: those of the process may lead through a proxy.
  readonly #agents = { http: new HttpAgent(), https: new HttpsAgent() }

  /** The status of the whole answer; undefined when there is none within 5 seconds. A redirection is not followed. */
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

  /** Cuts every connection. */
  close(): void {
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }
}

function statusOf(outgoing: ClientRequest): Promise<number | undefined> {
  return new Promise(resolve => {
    let status: number | undefined
    const timer = setTimeout(() => outgoing.destroy(), PATIENCE)
    outgoing.once('response', answer => {
      answer.once('end', () => {
        status = answer.statusCode
      })
      answer.once('error', () => {})
      answer.resume()
    })
    // Whatever the error is, there was no answer: that is all that matters.
    outgoing.on('error', () => {})
    outgoing.once('close', () => {
      clearTimeout(timer)
      resolve(status)
    })
  })
}
