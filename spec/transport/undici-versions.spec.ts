/** The undici of a user may be of a different version: 7 and 8 compile and work, others are refused by name. */
import { Agent, MockAgent, ProxyAgent } from 'undici-6'
import type * as undici8 from 'undici-8'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { InvalidArgumentError, TransportError } from '../../lib/errors.js'
import type { Dispatcher } from '../../lib/options.js'
import { failure } from '../async.js'
import { config, startGateway } from '../gateway.js'

const gateway = await startGateway()
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
})
const client = (dispatcher: unknown) =>
  Builder.factory({ ...config, base_uri: gateway.url, dispatcher: dispatcher as Dispatcher })

describe('undici 6', () => {
  it('does not compile', () => {
    // @ts-expect-error
    const agent: Dispatcher = new Agent()
    // @ts-expect-error
    const mock: Dispatcher = new MockAgent()
    expect([agent, mock]).toHaveLength(2)
  })

  it.each<[string, () => unknown]>([
    ['an Agent', () => new Agent()],
    ['a ProxyAgent', () => new ProxyAgent('http://127.0.0.1:1')],
  ])('is refused by name when the client is made: %s', (_what, make) => {
    expect(() => client(make())).toThrow(InvalidArgumentError)
    expect(() => client(make())).toThrow(/`dispatcher` must be .*undici 7 or 8.*undici 6/)
  })

  it.each<[string, () => unknown]>([
    ['a MockAgent', () => new MockAgent()],
    ['a composed one', () => new Agent().compose(dispatch => dispatch)],
  ])('is refused by name when it is used: %s', async (_what, make) => {
    const error = await failure(client(make()).chain('v3/x').post({ json: {} }))
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({ code: 'ERR_DISPATCHER', sent: false })
    expect(String(error)).toMatch(/`dispatcher`.*undici 7 or 8/)
    expect(gateway.requests).toEqual([])
  })
})

describe('undici 8', () => {
  it('compiles', () => {
    const accepted: (agent: undici8.Agent, mock: undici8.MockAgent, proxy: undici8.ProxyAgent) => Dispatcher[] = (
      ...dispatchers
    ) => dispatchers
    expect(accepted).toBeInstanceOf(Function)
  })

  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const runs = major > 22 || (major === 22 && minor >= 19)

  it.skipIf(!runs)('works', async () => {
    const undici = await import('undici-8')
    const agent = new undici.Agent()
    expect((await client(agent).chain('v3/x').post({ json: {} })).statusCode).toBe(200)
    await agent.close()
  })
})
