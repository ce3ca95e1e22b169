/** A store on the Redis client that the user already has: node-redis (4 and later) or ioredis. */
import { InvalidArgumentError } from '../errors.js'
import { kindOf } from '../util/wording.js'
import type { Store } from './store.js'

/** The part of ioredis that is used: a `Redis` or a `Cluster`. */
export interface IoredisClient {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** The part of node-redis that is used: a client, a cluster, a pool or a sentinel, connected by the user. */
export interface NodeRedisClient {
  get(key: string): Promise<unknown>
  set(key: string, value: string, options: { EX: number; NX?: true }): Promise<unknown>
  del(key: string): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** @throws InvalidArgumentError for any other client. */
export class RedisStore implements Store {
  readonly #commands: Commands

  constructor(client: IoredisClient | NodeRedisClient) {
    this.#commands = commandsOf(client)
  }

  async get(key: string): Promise<string | undefined> {
    return stringOf(await this.#commands.get(key))
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    await this.#commands.set(key, value, wholeSeconds(ttl))
  }

  async add(key: string, value: string, ttl: number): Promise<boolean> {
    return stringOf(await this.#commands.add(key, value, wholeSeconds(ttl))) === 'OK'
  }

  async delete(key: string): Promise<void> {
    await this.#commands.del(key)
  }

  async deleteIf(key: string, value: string): Promise<void> {
    await this.#commands.delIf(key, value)
  }
}

interface Commands {
  get(key: string): Promise<unknown>
  set(key: string, value: string, seconds: number): Promise<unknown>
  /** 'OK' if the key was absent. */
  add(key: string, value: string, seconds: number): Promise<unknown>
  del(key: string): Promise<unknown>
  delIf(key: string, value: string): Promise<unknown>
}

/** Redis runs a script without any other command in between. */
const DELETE_IF = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

function commandsOf(client: unknown): Commands {
  if (isIoredis(client)) {
    return {
      get: key => client.call('GET', key),
      set: (key, value, seconds) => client.call('SET', key, value, 'EX', String(seconds)),
      add: (key, value, seconds) => client.call('SET', key, value, 'EX', String(seconds), 'NX'),
      del: key => client.call('DEL', key),
      delIf: (key, value) => client.call('EVAL', DELETE_IF, '1', key, value),
    }
  }
  if (isNodeRedis(client)) {
    return {
      get: key => client.get(key),
      set: (key, value, seconds) => client.set(key, value, { EX: seconds }),
      add: (key, value, seconds) => client.set(key, value, { EX: seconds, NX: true }),
      del: key => client.del(key),
      delIf: (key, value) => client.eval(DELETE_IF, { keys: [key], arguments: [value] }),
    }
  }
  throw new InvalidArgumentError(
    `\`client\` of RedisStore must be a client of node-redis or ioredis; got ${kindOf(client)}. Pass the client itself, such as createClient({ url }) or new Redis(url).`,
  )
}

function isIoredis(client: unknown): client is IoredisClient {
  return hasMethods(client, ['call'])
}

function isNodeRedis(client: unknown): client is NodeRedisClient {
  return hasMethods(client, ['get', 'set', 'del', 'eval'])
}

function hasMethods(client: unknown, names: readonly string[]): boolean {
  if (typeof client !== 'object' || client === null) return false
  return names.every(name => typeof Reflect.get(client, name) === 'function')
}

// A client may be set to return bytes.
function stringOf(reply: unknown): string | undefined {
  if (typeof reply === 'string') return reply
  return reply instanceof Uint8Array ? Buffer.from(reply).toString() : undefined
}

// Redis refuses an expiry of zero or of a fraction of a second.
function wholeSeconds(ttl: number): number {
  return Math.max(1, Math.ceil(ttl))
}
