/** A configured client: it sends calls, and verifies what WeChat Pay sends to it. */
import type { Settings } from '../config/settings.js'
import { Outages } from '../transport/retry.js'
import type { Verifier } from '../trust/verifier.js'
import { type Clock, systemClock } from '../util/deadline.js'
import { createClient, type FetchFile, type SendCall } from './client.js'
import { platformVerifiers } from './platform-verifiers.js'

export interface OpenClient {
  readonly settings: Settings
  readonly send: SendCall
  readonly fetchFile: FetchFile
  /** Verifies notifications. */
  readonly verifier: Verifier
}

export function openClient(settings: Settings, clock: Clock = systemClock): OpenClient {
  const outages = new Outages(clock.monotonic)
  const verifierFor = platformVerifiers(settings, clock, (verifier, path, options) =>
    createClient(settings, () => verifier, clock, outages).send('GET', path, options),
  )
  const { baseUri } = settings.transport
  return {
    settings,
    ...createClient(settings, verifierFor, clock, outages),
    verifier: verifierFor({ template: '', baseUri }),
  }
}
