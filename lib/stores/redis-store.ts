/** A store on the Redis client that the user already has: node-redis (4 and later) or ioredis. */
import { InvalidArgumentError } from '../errors.js'
import type { Store } from './store.js'

/** What is used of ioredis: a `Redis` or a `Cluster`. */
export interface IoredisClient {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** What is used of node-redis: a client, a cluster, a pool or a sentinel; connecting it is the user's affair. */
export interface NodeRedisClient {
  get(key: string): Promise<unknown>
  set(key: string, value: string, options: { EX: number; NX?: true }): Promise<unknown>
  del(key: string): Promise<unknown>
}

/** @throws InvalidArgumentError for anything but such a client. */
export class RedisStore implements Store {
  readonly #commands: Commands

  constructor(client: IoredisClient | NodeRedisClient) {
    this.#commands = commandsOf(client)
  }

  async get(key: string): Promise<string | undefined> {
    const value = await this.#commands.get(key)
    return typeof value === 'string' ? value : undefined
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    await this.#commands.set(key, value, wholeSeconds(ttl))
  }

  async add(key: string, value: string, ttl: number): Promise<boolean> {
    return (await this.#commands.add(key, value, wholeSeconds(ttl))) === 'OK'
  }

  async delete(key: string): Promise<void> {
    await this.#commands.del(key)
  }
}

interface Commands {
  get(key: string): Promise<unknown>
  set(key: string, value: string, seconds: number): Promise<unknown>
  /** 'OK' where the key was absent. */
  add(key: string, value: string, seconds: number): Promise<unknown>
  del(key: string): Promise<unknown>
}

function commandsOf(client: unknown): Commands {
  if (isIoredis(client)) {
    return {
      get: key => client.call('GET', key),
      set: (key, value, seconds) => client.call('SET', key, value, 'EX', String(seconds)),
      add: (key, value, seconds) => client.call('SET', key, value, 'EX', String(seconds), 'NX'),
      del: key => client.call('DEL', key),
    }
  }
  if (isNodeRedis(client)) {
    return {
      get: key => client.get(key),
      set: (key, value, seconds) => client.set(key, value, { EX: seconds }),
      add: (key, value, seconds) => client.set(key, value, { EX: seconds, NX: true }),
      del: key => client.del(key),
    }
  }
  throw new InvalidArgumentError(
    'RedisStore: expected a client of node-redis or ioredis, such as `createClient({ url })` or `new Redis(url)`. Pass the client itself.',
  )
}

function isIoredis(client: unknown): client is IoredisClient {
  return hasMethods(client, ['call'])
}

function isNodeRedis(client: unknown): client is NodeRedisClient {
  return hasMethods(client, ['get', 'set', 'del'])
}

function hasMethods(client: unknown, names: readonly string[]): boolean {
  if (typeof client !== 'object' || client === null) return false
  return names.every(name => typeof Reflect.get(client, name) === 'function')
}

// Redis refuses an expiry of zero or of half a second.
function wholeSeconds(ttl: number): number {
  return Math.max(1, Math.ceil(ttl))
}
