/** The keys of WeChat Pay behind a client: those that were configured, and certificates that the client downloads itself. */
import { createClient, systemClock } from './client.js'
import { emit } from './hooks.js'
import type { Settings } from './settings.js'
import { overrideTransport } from './transport/settings.js'
import { DownloadedKeys } from './trust/downloaded-keys.js'
import { KeyStore } from './trust/key-store.js'
import type { PlatformKey } from './trust/platform-keys.js'
import type { Verifier } from './trust/verifier.js'
import type { KeyWarning } from './trust/warnings.js'

interface Sources {
  configured: readonly PlatformKey[]
  /** What a download is sent with; without `apiv3Key` there is none. */
  settings: Omit<Settings, 'verifier' | 'verifierFor'>
  now: () => number
}

/** One key store for each list of certificates; all of them know the configured keys. */
export function platformVerifiers(sources: Sources): Settings['verifierFor'] {
  const stores = new Map<string, KeyStore>()
  return ({ template, baseUri }) => {
    const path = certificatesPath(template, baseUri)
    const url = new URL(path, baseUri).href
    const keys = stores.get(url) ?? openKeyStore(sources, { path, url, baseUri })
    stores.set(url, keys)
    return keys
  }
}

// Merchants outside the mainland have a list of their own, under the path or the host that their calls go by.
function certificatesPath(template: string, baseUri: URL): string {
  if (template.startsWith('hk/')) return 'hk/v3/certificates'
  const isGlobal = /^(?:v3\/)?global\//.test(template)
  const isAbroad = baseUri.host.startsWith('apihk.') && baseUri.pathname === '/'
  return isGlobal || isAbroad ? 'v3/global/certificates' : 'v3/certificates'
}

function openKeyStore(sources: Sources, list: { path: string; url: string; baseUri: URL }): KeyStore {
  const { configured, settings, now } = sources
  const { mchid, apiv3Key, store, hooks } = settings
  const warn = (warning: KeyWarning) => emit(hooks.warning, { mchid, ...warning })
  return new KeyStore({
    configured,
    now,
    warn,
    download:
      apiv3Key &&
      (known =>
        new DownloadedKeys({
          name: `${mchid}:${list.url}`,
          apiv3Key,
          store,
          clock: { now, sleep: systemClock.sleep },
          download: verifier => download(verifier, settings, list),
          known,
          warn,
        })),
  })
}

async function download(
  verifier: Verifier,
  settings: Sources['settings'],
  { path, baseUri }: { path: string; baseUri: URL },
): Promise<string> {
  const isDefault = baseUri === settings.transport.baseUri
  const client = createClient({
    ...settings,
    verifier,
    verifierFor: () => verifier,
    // Nobody but this call knows the keys to try it again with.
    transport: { ...overrideTransport(settings.transport, { retry: {} }), baseUri },
    fallbackUri: isDefault ? settings.fallbackUri : undefined,
  })
  const { body } = await client('GET', path, { sandbox: false })
  return body.toString()
}
