/** What a client remembers of hosts that it could not reach. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { openClient } from '../../lib/client/open-client.js'
import { readConfig } from '../../lib/config/config.js'
import type { Hooks } from '../../lib/config/hooks.js'
import { systemClock } from '../../lib/util/deadline.js'
import { answer, config, startGateway } from '../gateway.js'

const gateway = await startGateway()
afterAll(() => gateway.close())
let passed: number
beforeEach(() => {
  passed = 0
  gateway.requests.length = 0
  gateway.answers = [answer(200, { ok: true })]
})

const NOBODY = 'http://127.0.0.1:1/'
const SECOND = new URL(gateway.url).host

/** A client whose main host is not there, and the hosts of its attempts. */
function open(on: Hooks = {}) {
  const hosts: string[] = []
  const hooks: Hooks = { ...on, request: ({ host }) => hosts.push(host) }
  const settings = readConfig({ ...config, base_uri: NOBODY, fallback_uri: gateway.url, on: hooks }, () => 0)
  const sleep = async () => expect.fail('it paused')
  const { send } = openClient(settings, { ...systemClock, monotonic: () => passed, sleep })
  return { send, hosts }
}

it('a dead host costs one attempt and no pause, and then nothing for 30 seconds', async () => {
  const { send, hosts } = open()
  await send('POST', 'v3/x', { json: {} })
  await send('POST', 'v3/x', { json: {} })
  expect(hosts).toEqual(['127.0.0.1:1', SECOND, SECOND])
  passed = 30_000
  await send('POST', 'v3/x', { json: {} })
  expect(hosts.slice(3)).toEqual(['127.0.0.1:1', SECOND])
  expect(gateway.requests).toHaveLength(3)
  expect(gateway.requests.every(({ isSigned }) => isSigned)).toBe(true)
})

it('the retry for it is told with its pause and its cost', async () => {
  const retries: object[] = []
  const { send } = open({ retry: info => retries.push(info) })
  await send('GET', 'v3/x', {})
  expect(retries).toMatchObject([{ attempt: 1, host: '127.0.0.1:1', delay: 0, budget: 495 }])
})

it('a call with a host of its own neither heeds nor changes that', async () => {
  const { send, hosts } = open()
  await send('GET', 'v3/x', {})
  await send('GET', 'v3/x', { base_uri: NOBODY, retry: false }).catch(() => {})
  expect(hosts.slice(2)).toEqual(['127.0.0.1:1'])
})
