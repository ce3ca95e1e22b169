import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { createClient, createClientPool, RESP_TYPES } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { RedisStore } from '../../lib/stores/redis-store.js'
import { itKeepsTheContract } from './contract.js'
import { REDIS_IS_MISSING, type RedisServer, startRedis } from './redis-server.js'

if (REDIS_IS_MISSING) it.skip(`the Redis store is not tried: ${REDIS_IS_MISSING}`, () => {})

describe.skipIf(REDIS_IS_MISSING)('the Redis store on', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  describe.each([
    ['a node-redis client', openNodeRedis],
    ['a node-redis client with RESP 3', openResp3],
    ['a node-redis client that returns bytes', openBytes],
    ['a node-redis pool', openPool],
    ['an ioredis client', openIoredis],
    ['an ioredis client with a prefix', openPrefixed],
  ])('%s', (_what, connect) => {
    let connection: Connection
    beforeAll(async () => {
      connection = await connect(server.url)
    })
    afterAll(() => connection.close())
    itKeepsTheContract(() => connection.store)

    it('lets keys expire after the seconds that were given, rounded up', async () => {
      const [set, added, brief] = [randomUUID(), randomUUID(), randomUUID()]
      await connection.store.set(set, 'value', 90)
      await connection.store.add(added, 'value', 89.5)
      for (const ttl of [await connection.ttl(set), await connection.ttl(added)]) {
        expect(ttl).toBeGreaterThan(60)
        expect(ttl).toBeLessThanOrEqual(90)
      }
      expect(await connection.store.add(brief, 'value', 0.2)).toBe(true)
    })

    it('rejects with the errors of Redis', async () => {
      const list = randomUUID()
      await connection.makeList(list)
      await expect(connection.store.get(list)).rejects.toThrow('WRONGTYPE')
    })
  })
})

describe('the Redis store', () => {
  it.each([[undefined], [null], ['redis://127.0.0.1'], [{}], [{ get() {} }], [{ get() {}, set() {}, del() {} }]])(
    'refuses %j',
    client => {
      expect(() => Reflect.construct(RedisStore, [client])).toThrow(InvalidArgumentError)
    },
  )
})

interface Connection {
  store: RedisStore
  ttl(key: string): Promise<number>
  makeList(key: string): Promise<unknown>
  close(): unknown
}

async function openNodeRedis(url: string): Promise<Connection> {
  const client = createClient({ url, RESP: 2 })
  await client.connect()
  return {
    store: new RedisStore(client),
    ttl: key => client.ttl(key),
    makeList: key => client.lPush(key, 'item'),
    close: () => client.close(),
  }
}

async function openResp3(url: string): Promise<Connection> {
  const client = createClient({ url, RESP: 3 })
  await client.connect()
  return {
    store: new RedisStore(client),
    ttl: key => client.ttl(key),
    makeList: key => client.lPush(key, 'item'),
    close: () => client.close(),
  }
}

async function openBytes(url: string): Promise<Connection> {
  const client = createClient({ url, RESP: 2 })
  await client.connect()
  const types = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer }
  return {
    store: new RedisStore(client.withTypeMapping(types)),
    ttl: key => client.ttl(key),
    makeList: key => client.lPush(key, 'item'),
    close: () => client.close(),
  }
}

async function openPool(url: string): Promise<Connection> {
  const pool = createClientPool({ url })
  await pool.connect()
  return {
    store: new RedisStore(pool),
    ttl: key => pool.ttl(key),
    makeList: key => pool.lPush(key, 'item'),
    close: () => pool.close(),
  }
}

async function openIoredis(url: string): Promise<Connection> {
  return ioredisConnection(new Redis(url))
}

async function openPrefixed(url: string): Promise<Connection> {
  return ioredisConnection(new Redis(url, { keyPrefix: 'shop:' }))
}

function ioredisConnection(client: Redis): Connection {
  return {
    store: new RedisStore(client),
    ttl: key => client.ttl(key),
    makeList: key => client.lpush(key, 'item'),
    close: () => client.quit(),
  }
}
