/** The measured clients, in the order of the rounds. Each `name` is a file in clients/. */
import { existsSync } from 'node:fs'

/** @typedef {{ name: string, title: string, role: 'bare' | 'floor' | 'ours' | 'peer' }} Client */

/** @type {readonly Client[]} */
export const clients = [
  { name: 'undici-bare', title: 'undici, no crypto', role: 'bare' },
  { name: 'undici-signed', title: 'undici + RSA: the floor', role: 'floor' },
  { name: 'wechatpay-chain', title: 'wechatpay-chain', role: 'ours' },
  { name: 'wechatpay-axios-plugin', title: 'wechatpay-axios-plugin', role: 'peer' },
  { name: 'wechatpay-node-v3', title: 'wechatpay-node-v3', role: 'peer' },
]

/** Returns the clients that can run. Without a build, this project is left out, with a message. */
export function available() {
  if (existsSync(new URL('../dist/index.js', import.meta.url))) return clients
  console.log('wechatpay-chain is left out, because dist/index.js is missing. Run `npm run build` in the root first.\n')
  return clients.filter(client => client.role !== 'ours')
}
