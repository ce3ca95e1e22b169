import { expect, it, vi } from 'vitest'
import { loadCertificate, loadSigningKey } from '../../lib/crypto/keys.js'
import { GBT, JAVA } from './sm2-vectors.js'

// The OpenSSL of some Linux distributions, and BoringSSL in Electron, Bun and Deno, have no SM2.
vi.mock('node:crypto', async original => ({ ...(await original<object>()), getCurves: () => ['prime256v1'] }))

it('a runtime without SM2 is named, rather than the key called damaged', () => {
  expect(() => loadSigningKey(GBT.privateKey, 'privateKey')).toThrow(/got an SM2 key.*runtime.*nodejs\.org/)
  expect(() => loadCertificate(JAVA.certificate, 'certs.54E7')).toThrow(/got an SM2 key.*runtime.*nodejs\.org/)
})
