import { createPrivateKey, X509Certificate } from 'node:crypto'
import type * as Tls from 'node:tls'
import { createSecureContext } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { agentFor } from '../../lib/transport/agents.js'
import { keyFile } from '../fixtures/vectors.js'

vi.mock('node:tls', async original => {
  const tls = await original<typeof Tls>()
  return { ...tls, createSecureContext: vi.fn(tls.createSecureContext) }
})
afterEach(() => vi.clearAllMocks())

const identity = (name: string) => ({
  certificate: new X509Certificate(keyFile(`${name}.crt`)),
  key: createPrivateKey(keyFile(`${name}.pkcs8.key`)),
})
const authority = keyFile('platform.crt')

describe('the pool of connections', () => {
  it('is shared by all clients that present no certificate and trust the well-known authorities', () => {
    expect(agentFor({})).toBe(agentFor({}))
    expect(createSecureContext).not.toHaveBeenCalled()
  })

  it('is one for each certificate and each set of authorities, made once', () => {
    const options = [
      { identity: identity('merchant') },
      { identity: identity('platform') },
      { identity: identity('merchant'), ca: [authority] },
      { ca: [authority] },
      { ca: [authority, keyFile('merchant.crt')] },
      {},
    ]
    const pools = options.map(agentFor)
    expect(new Set(pools).size).toBe(options.length)
    expect(options.map(agentFor)).toEqual(pools)
    expect([identity('merchant')].map(own => agentFor({ identity: own }))).toEqual([pools[0]])
    expect(createSecureContext).toHaveBeenCalledTimes(5)
  })

  it('is forgotten when 256 others were used since', () => {
    const used = agentFor({ identity: identity('merchant') })
    const others = (count: number, name: string) => {
      for (let n = 0; n < count; n++) agentFor({ ca: [`${authority}# ${name} ${n}`] })
    }
    others(255, 'a')
    expect(agentFor({ identity: identity('merchant') })).toBe(used)
    others(256, 'b')
    expect(agentFor({ identity: identity('merchant') })).not.toBe(used)
  })
})
