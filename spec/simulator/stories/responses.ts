/** What clients receive from a simulator, compared with the published schema of the operation. */
import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Router } from '../../../lib/simulator/gateway/router.js'
import { documented, misfit, nameOf } from '../catalogue-requests.js'

interface Exchange {
  request: { origin: string; method: string; path: string }
  response: { statusCode: number; headers: readonly Buffer[] }
  chunk: Buffer
}

const routes = documented('v3').map(operation => ({ ...operation, method: operation.method as 'GET' }))

/** Collects the JSON of successful calls to an address. `misfits` returns what does not fit, and ends that. */
export function watchResponses(origin: string): { misfits: () => string[] } {
  const router = new Router(routes)
  const bodies = new Map<Exchange['request'], { status: number; chunks: Buffer[] }>()
  const listeners = {
    'undici:request:headers': ({ request, response }: Exchange) => {
      const type = response.headers.map(String)
      const isJson =
        type[type.findIndex(name => name.toLowerCase() === 'content-type') + 1]?.startsWith('application/json')
      if (request.origin !== origin || request.path.startsWith('/_sim/')) return
      if (response.statusCode < 300 && isJson) bodies.set(request, { status: response.statusCode, chunks: [] })
    },
    'undici:request:bodyChunkReceived': ({ request, chunk }: Exchange) => {
      bodies.get(request)?.chunks.push(Buffer.from(chunk))
    },
  }
  const all = Object.entries(listeners) as [string, ChannelListener][]
  for (const [channel, listener] of all) subscribe(channel, listener)
  return {
    misfits() {
      for (const [channel, listener] of all) unsubscribe(channel, listener)
      return [...bodies].flatMap(([{ method, path }, { status, chunks }]) => {
        const { route } = router.find(method, path.split('?')[0] ?? '')
        // A status that is not documented, such as 202, is an error.
        if (!(status in route.definition.responses)) return []
        const problem = misfit(route, status, JSON.parse(Buffer.concat(chunks).toString()))
        return problem === undefined ? [] : [`${nameOf(route)}: ${problem}`]
      })
    },
  }
}
