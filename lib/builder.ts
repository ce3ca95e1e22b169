/** Creates clients from configurations. */
import { createChain } from './chain/proxy.js'
import { type OpenClient, openClient } from './client/open-client.js'
import { type Client, register } from './client/settings-of.js'
import { type BrandConfig, type Config, readConfig, renewKeys } from './config/config.js'
import type { KeyOptions } from './config/keys.js'
import { InvalidArgumentError } from './errors.js'
import type { BrandPay, WechatPay } from './types/wechatpay.js'
import { systemClock } from './util/deadline.js'
import { sharedMap } from './util/shared-map.js'

interface Handle {
  current: OpenClient
}

// A client is a proxy without properties of its own, so its handle can only be kept beside it.
const handles = sharedMap<object, Handle>('handles')

/**
 * Creates a client for one merchant, or with `brand_id` for one brand. Reads the key files that are given as `file://` URLs; sends nothing.
 *
 * @throws InvalidArgumentError for an option that is not valid.
 */
export function factory(config: Config): WechatPay
export function factory(config: BrandConfig): BrandPay
// The first is for a configuration of type `any`; the last is the one that `ReturnType` and the messages of compilers take.
export function factory(config: Config): WechatPay
export function factory(config: Config | BrandConfig): WechatPay | BrandPay {
  const handle: Handle = { current: openClient(readConfig(config, systemClock.monotonic)) }
  const root = createChain((...request) => handle.current.send(...request))
  handles.set(root, handle)
  share(root, handle.current)
  const typed: unknown = root
  // The chain accepts any path; only the generated types know the options and responses of documented paths.
  return typed as WechatPay | BrandPay
}

/**
 * Replaces keys of a running client, from its next call on, also for the notifications that share them. Calls in progress
 * finish with the old keys. Keys that are not named stay: pass `{ apiv3Key }`, `{ certs }` (all of them), `{ secret }`, or the
 * merchant's own, `{ serial, privateKey }`, `{ merchant }` or `{ signer }`.
 *
 * @throws InvalidArgumentError for keys that are not valid; the client then keeps its old keys.
 */
export function renew(client: Client, keys: KeyOptions): void {
  const handle = handles.get(client)
  if (!handle)
    throw new InvalidArgumentError('Builder.renew takes a client created by Builder.factory; got something else.')
  handle.current = openClient(renewKeys(handle.current.settings, keys))
  share(client, handle.current)
}

function share(client: object, { settings, verifier, fetchFile }: OpenClient): void {
  register(client, { ...settings, verifier, fetchFile })
}
