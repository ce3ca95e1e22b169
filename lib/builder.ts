/** From a configuration to the root of the chain. */
import { createChain } from './chain/proxy.js'
import { createClient, type Client as Send, systemClock } from './client/client.js'
import { type Client, register } from './client/settings-of.js'
import { type Config, readConfig, renewKeys } from './config/config.js'
import type { KeyOptions } from './config/keys.js'
import type { Settings } from './config/settings.js'
import { InvalidArgumentError } from './errors.js'
import type { WechatPay } from './types/wechatpay.js'

/** What stands behind a client for now. */
interface Standing {
  settings: Settings
  send: Send
}

// A client is a proxy without properties of its own, so that this can only be kept beside it.
const standings = new WeakMap<object, Standing>()

/**
 * Makes a client for one merchant. Reads key files that are given as `file://` URLs; sends nothing.
 * @throws InvalidArgumentError for an option that cannot be right.
 */
export function factory(config: Config): WechatPay {
  const settings = readConfig(config, systemClock.now)
  const standing: Standing = { settings, send: createClient(settings) }
  const root = createChain((method, template, options) => standing.send(method, template, options))
  standings.set(root, standing)
  register(root, settings)
  const typed: unknown = root
  // The chain takes any path; what the documented ones take and give is known to the catalogue alone.
  return typed as WechatPay
}

/**
 * Gives a running client new keys: from the next call on, and for the notifications that share them; calls that are
 * under way end with the keys that they began with. What is not named stays: `{ apiv3Key }`, `{ certs }` (all of them),
 * `{ secret }`, or the merchant's own, `{ serial, privateKey }`, `{ merchant }` or `{ signer }`.
 *
 * @throws InvalidArgumentError for keys that cannot be right; the client then keeps those that it has.
 */
export function renew(client: Client, keys: KeyOptions): void {
  const standing = standings.get(client)
  if (!standing) throw new InvalidArgumentError('Builder.renew takes a client that Builder.factory made.')
  const settings = renewKeys(standing.settings, keys, systemClock.now)
  standing.settings = settings
  standing.send = createClient(settings)
  register(client, settings)
}
