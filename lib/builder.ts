/** From a configuration to the root of the chain. */
import { createChain } from './chain/proxy.js'
import { createClient, systemClock } from './client.js'
import { type Config, readConfig } from './config.js'
import { register } from './registry.js'
import type { WechatPay } from './types/wechatpay.js'

/**
 * Makes a client for one merchant. Reads key files that are given as `file://` URLs; sends nothing.
 * @throws InvalidArgumentError for an option that cannot be right.
 */
export function factory(config: Config): WechatPay {
  const settings = readConfig(config, systemClock.now)
  const root = createChain(createClient(settings))
  register(root, settings)
  const typed: unknown = root
  // The chain takes any path; what the documented ones take and give is known to the catalogue alone.
  return typed as WechatPay
}
