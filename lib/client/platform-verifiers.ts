/** The keys of WeChat Pay behind a client: those that were configured, and certificates that the client downloads itself. */

import { emit } from '../config/hooks.js'
import type { Settings } from '../config/settings.js'
import { overrideTransport } from '../transport/settings.js'
import { DownloadedKeys } from '../trust/downloaded-keys.js'
import { KeyStore } from '../trust/platform-key-ring.js'
import type { Verifier } from '../trust/verifier.js'
import type { KeyWarning } from '../trust/warnings.js'
import { createClient, systemClock, type VerifierFor } from './client.js'

/** Where a list of certificates is asked for. */
interface ListPlace {
  baseUri: URL
  path: string
}

/** One key store for each list of certificates; all of them know the configured keys. */
export function platformVerifiers(settings: Settings, now: () => number): VerifierFor {
  const { givenVerifier } = settings
  if (givenVerifier) return () => givenVerifier
  const stores = new Map<string, KeyStore>()
  return ({ template, baseUri }) => {
    const place = listPlace(template, baseUri)
    const url = place.baseUri.href + place.path
    const keys = stores.get(url) ?? openKeyStore(settings, place, url, now)
    stores.set(url, keys)
    return keys
  }
}

// Merchants outside the mainland have a list of their own, under the path or the host that their calls go by.
function listPlace(template: string, baseUri: URL): ListPlace {
  if (template.startsWith('hk/')) return { baseUri, path: 'hk/v3/certificates' }
  const prefix = baseUri.pathname
  const isAbroad = baseUri.host.startsWith('apihk.') && prefix === '/'
  if (prefix.endsWith('/global/')) return { baseUri: new URL('..', baseUri), path: 'v3/global/certificates' }
  const isGlobal = isAbroad || /^(?:v3\/)?global\//.test(template)
  return { baseUri, path: isGlobal ? 'v3/global/certificates' : 'v3/certificates' }
}

function openKeyStore(settings: Settings, place: ListPlace, url: string, now: () => number): KeyStore {
  const { mchid, platformKeys, apiv3Key, store, hooks } = settings
  const warn = (warning: KeyWarning) => emit(hooks.warning, () => ({ mchid, ...warning }))
  return new KeyStore({
    configured: platformKeys,
    now,
    warn,
    download:
      apiv3Key &&
      (known =>
        new DownloadedKeys({
          name: `${mchid}:${url}`,
          apiv3Key,
          store,
          clock: { now, sleep: systemClock.sleep },
          download: verifier => download(verifier, settings, place),
          known,
          warn,
        })),
  })
}

async function download(verifier: Verifier, settings: Settings, { path, baseUri }: ListPlace): Promise<string> {
  const isDefault = baseUri === settings.transport.baseUri
  // Nobody but this call knows the keys to try it again with.
  const transport = { ...overrideTransport(settings.transport, { retry: {} }), baseUri }
  const fallbackUri = isDefault ? settings.fallbackUri : undefined
  const send = createClient({ ...settings, transport, fallbackUri }, () => verifier)
  const { body } = await send('GET', path, { sandbox: false })
  return body.toString()
}
