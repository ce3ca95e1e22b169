/** Proxies for specs: one of our own on loopback, and Debian's tinyproxy and squid. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'

export interface RunningProxy {
  /** Its host and port. */
  host: string
  close(): Promise<void>
}

export interface OwnProxy extends RunningProxy {
  /** The hosts that it was asked for, with the credentials. */
  asked: { to: string | undefined; authorization: string | undefined }[]
  /** The status of its refusals; undefined if it refuses nothing. */
  refusal: string | undefined
}

/** A proxy that makes tunnels. */
export async function startProxy(): Promise<OwnProxy> {
  const sockets = new Set<Duplex>()
  const server = createServer()
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    sockets.add(client)
    proxy.asked.push({ to: request.url, authorization: request.headers['proxy-authorization'] })
    if (proxy.refusal) {
      client.end(`HTTP/1.1 ${proxy.refusal}\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const [host, port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    client.on('error', () => upstream.destroy())
    client.on('close', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: OwnProxy = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    refusal: undefined,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

const isMissing = (command: string) => spawnSync(command, ['-v']).error !== undefined

export const TINYPROXY_IS_MISSING = isMissing('tinyproxy') && 'tinyproxy is not installed (apt-get install tinyproxy)'
export const SQUID_IS_MISSING = isMissing('squid') && 'squid is not installed (apt-get install squid)'

/** Debian's tinyproxy, which asks for a user and a password. */
export async function startTinyproxy(user: string, password: string): Promise<RunningProxy> {
  const port = await freePort()
  const settings = [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 60', 'LogLevel Info', `BasicAuth ${user} ${password}`]
  return run('tinyproxy', file => ['-d', '-c', file], settings, port, 'Accepting connections')
}

/** Debian's squid, which allows no tunnel to `forbidden`, a port. */
export async function startSquid(forbidden: number): Promise<RunningProxy> {
  const port = await freePort()
  const settings = [
    `http_port 127.0.0.1:${port}`,
    `acl forbidden port ${forbidden}`,
    'http_access deny forbidden',
    'http_access allow all',
    'access_log none',
    'cache_store_log none',
    'cache_log /dev/stderr',
    'cache deny all',
    'pid_filename none',
    'shutdown_lifetime 0 seconds',
  ]
  return run('squid', file => ['-N', '-d', '1', '-f', file], settings, port, 'Accepting HTTP')
}

async function run(
  command: string,
  args: (file: string) => string[],
  settings: string[],
  port: number,
  ready: string,
): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'wechatpay-proxy-'))
  const file = join(folder, 'settings')
  writeFileSync(file, `${settings.join('\n')}\n`)
  const server = spawn(command, args(file), { stdio: ['ignore', 'pipe', 'pipe'] })
  await untilReady(server, ready)
  return {
    host: `127.0.0.1:${port}`,
    close: async () => {
      server.kill()
      await once(server, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}

async function untilReady({ stdout, stderr }: ChildProcess, ready: string): Promise<void> {
  const lines: string[] = []
  await new Promise<void>((resolve, reject) => {
    for (const input of [stdout, stderr]) {
      if (!input) continue
      const reader = createInterface(input)
      reader.on('line', line => {
        lines.push(line)
        if (line.includes(ready)) resolve()
      })
      reader.on('close', () => reject(new Error(`It ended before it was ready: ${lines.join('\n')}`)))
    }
  })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
