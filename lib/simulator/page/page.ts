/** The page at `/_sim/` for people: its files, and the QR codes that a phone pays with. */
import { renderSVG } from 'uqr'
import type { RawResponse } from '../http/server.js'
import { FILES, HTML } from './files.js'

/** Nothing is loaded from elsewhere, and no other page shows this one in a frame. */
const POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

/** The file at a path below `/_sim/`; undefined for an unknown path. `url` is where phones reach the simulator. */
export function pageFile(name: string, url: string): RawResponse | undefined {
  // The page itself: everything, or one entry as its user sees it.
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
