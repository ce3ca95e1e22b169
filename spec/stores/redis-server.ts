/** A Redis server for one spec, on a free port and without files. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

export const REDIS_IS_MISSING =
  spawnSync('redis-server', ['--version']).error !== undefined &&
  'redis-server is not installed (apt-get install redis-server)'

export interface RedisServer {
  url: string
  stop(): Promise<void>
}

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort()
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: '/',
    },
  )
  await untilReady(server)
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      server.kill()
      await once(server, 'exit')
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('The probe has no port.')
  return address.port
}

async function untilReady({ stdout }: ChildProcess): Promise<void> {
  if (!stdout) throw new Error('The output of redis-server is not read.')
  for await (const line of createInterface(stdout)) {
    if (line.includes('Ready to accept connections')) {
      stdout.resume()
      return
    }
  }
  throw new Error('redis-server ended before it was ready.')
}
