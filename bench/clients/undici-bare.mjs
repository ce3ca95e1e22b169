/** Bare undici, which neither signs nor verifies: the cost of HTTP and JSON. */
import { Pool } from 'undici'
import { order, orderPath } from '../order.mjs'

/** @param {{ baseUri: string }} config @returns {() => Promise<string>} resolves to the code_url */
export function create({ baseUri }) {
  const pool = new Pool(new URL(baseUri).origin)
  const headers = { accept: 'application/json', 'content-type': 'application/json', 'user-agent': 'bench' }

  return async () => {
    const response = await pool.request({ method: 'POST', path: orderPath, headers, body: JSON.stringify(order) })
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
    return /** @type {{ code_url: string }} */ (await response.body.json()).code_url
  }
}
