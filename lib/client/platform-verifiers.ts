/** The keys of WeChat Pay that a client verifies with: the configured ones, and the certificates that it downloads itself. */

import { type Caller, callerId } from '../config/caller.js'
import type { Settings } from '../config/settings.js'
import type { OpenOptions } from '../options.js'
import { emit } from '../telemetry/trace.js'
import { DownloadedKeys } from '../trust/downloaded-keys.js'
import { PlatformKeyRing } from '../trust/platform-key-ring.js'
import type { Verifier } from '../trust/verifier.js'
import type { KeyWarning } from '../trust/warnings.js'
import type { Clock } from '../util/deadline.js'

/** Makes one call whose response `verifier` verifies. */
type Get = (verifier: Verifier, path: string, options: OpenOptions) => Promise<{ body: { toString(): string } }>

/** The path of a list of certificates. */
interface ListPlace {
  baseUri: URL
  path: string
}

/** One key ring for each list of certificates. All of them have the configured keys. */
export function platformVerifiers(
  settings: Settings,
  clock: Clock,
  get: Get,
): (call: { template: string; baseUri: URL }) => Verifier {
  const { givenVerifier } = settings
  if (givenVerifier) return () => givenVerifier
  const rings = new Map<string, PlatformKeyRing>()
  return ({ template, baseUri }) => {
    const place = listPlace(template, baseUri, settings)
    const url = place.baseUri.href + place.path
    const ring =
      rings.get(url) ?? openKeyRing(settings, clock, url, verifier => download(verifier, settings, place, get))
    rings.set(url, ring)
    return ring
  }
}

function listPlace(template: string, baseUri: URL, { signer }: Settings): ListPlace {
  const place = rsaListPlace(template, baseUri)
  return signer.algorithm === 'SM2' ? { ...place, path: `${place.path}?algorithm_type=SM2` } : place
}

// Overseas merchants have a list of their own, under the path or the host of their calls.
function rsaListPlace(template: string, baseUri: URL): ListPlace {
  if (template.startsWith('hk/')) return { baseUri, path: 'hk/v3/certificates' }
  const prefix = baseUri.pathname
  const isAbroad = baseUri.host.startsWith('apihk.') && prefix === '/'
  if (prefix.endsWith('/global/')) return { baseUri: new URL('..', baseUri), path: 'v3/global/certificates' }
  const isGlobal = isAbroad || /^(?:v3\/)?global\//.test(template)
  return { baseUri, path: isGlobal ? 'v3/global/certificates' : 'v3/certificates' }
}

function openKeyRing(
  settings: Settings,
  clock: Clock,
  url: string,
  download: (verifier: Verifier) => Promise<string>,
): PlatformKeyRing {
  const { caller, platformKeys, apiv3Key, signer, store, hooks } = settings
  const kind = signer.algorithm ?? 'RSA'
  const warn = (warning: KeyWarning) => emit(hooks.warning, () => ({ ...callerId(caller), ...warning }))
  return new PlatformKeyRing({
    configured: platformKeys,
    kind,
    now: clock.now,
    warn,
    download:
      canDownload(caller) && apiv3Key
        ? known =>
            new DownloadedKeys({ name: `${caller.id}:${url}`, apiv3Key, kind, store, clock, download, known, warn })
        : undefined,
  })
}

// WeChat Pay has no certificates for a brand: it signs with the WeChat Pay public key.
function canDownload({ option }: Caller): boolean {
  return option === 'mchid'
}

async function download(
  verifier: Verifier,
  settings: Settings,
  { path, baseUri }: ListPlace,
  get: Get,
): Promise<string> {
  const isDefault = baseUri === settings.transport.baseUri
  // Retried even if the client retries nothing: no other call can download the list for it.
  const { body } = await get(verifier, path, { ...(!isDefault && { base_uri: baseUri }), retry: {}, sandbox: false })
  return body.toString()
}
