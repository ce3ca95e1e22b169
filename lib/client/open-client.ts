/** A configured client: how it sends calls, and the keys that verify what WeChat Pay sends to it. */
import type { Settings } from '../config/settings.js'
import type { Clock } from '../transport/retry.js'
import type { Verifier } from '../trust/verifier.js'
import { createClient, type SendCall, systemClock } from './client.js'
import { platformVerifiers } from './platform-verifiers.js'

export interface OpenClient {
  readonly settings: Settings
  readonly send: SendCall
  /** Verifies what WeChat Pay sends on its own. */
  readonly verifier: Verifier
}

export function openClient(settings: Settings, clock: Clock = systemClock): OpenClient {
  const verifierFor = platformVerifiers(settings, clock.now)
  const { baseUri } = settings.transport
  return {
    settings,
    send: createClient(settings, verifierFor, clock),
    verifier: verifierFor({ template: '', baseUri }),
  }
}
