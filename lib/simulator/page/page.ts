/** The page at `/_sim/`: its files, and the QR codes for paying with a phone. */
import { renderSVG } from 'uqr'
import type { RawResponse } from '../http/server.js'
import { FILES, HTML } from './files.js'

/** The page loads nothing from other origins, and no other page can embed it. */
const POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

/** The file at a path below `/_sim/`; undefined for an unknown path. `url` is the simulator's URL for phones. */
export function pageFile(name: string, url: string): RawResponse | undefined {
  // The page itself: the whole ledger, or the user's view of one entry.
  if (name === '' || name.startsWith('pay/')) return file('text/html; charset=utf-8', HTML)
  if (name.startsWith('qr/pay/')) return file('image/svg+xml', renderSVG(`${url}/_sim/${name.slice('qr/'.length)}`))
  const body = FILES.get(name)
  if (body === undefined) return undefined
  return file(name.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8', body)
}

function file(type: string, body: string): RawResponse {
  const headers = { 'Content-Type': type, 'Content-Security-Policy': POLICY, 'Referrer-Policy': 'no-referrer' }
  return { statusCode: 200, headers, body }
}
