import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { FileStore } from '../../lib/stores/file-store.js'
import { repetitions } from '../repetitions.js'
import { compileLibrary } from '../trust/compiled.js'
import { itForgetsInTime, itKeepsTheContract } from './contract.js'

const root = mkdtempSync(join(tmpdir(), 'wechatpay-store-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('the file store', () => {
  const START = Date.UTC(2026, 10, 24)
  let time = START
  const now = () => time
  const directory = join(root, 'made/on first write')
  const open = () => new FileStore(directory, { now })
  const advance = (seconds: number) => {
    time += seconds * 1000
  }
  itKeepsTheContract(open)
  itForgetsInTime(open, advance)

  it('takes a file URL for the same directory', async () => {
    await open().set('url', 'value', 60)
    expect(await new FileStore(pathToFileURL(directory), { now }).get('url')).toBe('value')
    expect(await new FileStore(pathToFileURL(directory).href, { now }).get('url')).toBe('value')
  })

  it.skipIf(process.platform === 'win32')('is readable by this user alone', async () => {
    await open().set('mine', 'value', 60)
    const entries = readdirSync(directory, { withFileTypes: true, recursive: true })
    const modes = (files: boolean) =>
      entries
        .filter(entry => entry.isFile() === files)
        .map(entry => statSync(join(entry.parentPath, entry.name)).mode & 0o777)
    expect(new Set(modes(true))).toEqual(new Set([0o600]))
    expect(new Set(modes(false))).toEqual(new Set([0o700]))
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  it('begins a key with the same version, regardless of which process is first', async () => {
    const versions = [0, 3].map(async milliseconds => {
      const folder = join(root, `begun ${milliseconds} ms later`)
      await new FileStore(folder, { now: () => START + milliseconds }).add('key', 'value', 60)
      return readdirSync(folder, { recursive: true })
    })
    const [first, second] = await Promise.all(versions)
    expect(second).toEqual(first)
  })

  it('lets the one that took a key release it, however many began it together', async () => {
    const folder = join(root, 'begun together')
    const stores = Array.from({ length: 6 }, () => new FileStore(folder))
    for (let round = 0; round < repetitions(30, 400); round++) {
      const key = String(round)
      const use = async (store: FileStore, index: number) => {
        if (await store.add(key, String(index), 60)) await store.deleteIf(key, String(index))
      }
      await Promise.all(stores.map(use))
      expect(await new FileStore(folder).get(key)).toBeUndefined()
    }
  })

  it('removes files that expired long ago, and no foreign files', async () => {
    const store = new FileStore(join(root, 'swept'), { now })
    await store.set('old', 'value', 10)
    await store.set('lasting', 'value', 1_000_000)
    writeFileSync(join(root, 'swept/notes.txt'), 'not a file of the store')
    utimesSync(join(root, 'swept/notes.txt'), 1, 1)
    advance(3 * 60 * 60)
    await store.set('new', 'value', 10)
    expect(readdirSync(join(root, 'swept'))).toHaveLength(3)
    expect(readdirSync(join(root, 'swept'))).toContain('notes.txt')
    expect(await store.get('lasting')).toBe('value')
  })

  it('removes the files that a process which died left behind', async () => {
    const store = new FileStore(join(root, 'left'), { now })
    await store.set('key', 'value', 1_000_000)
    const left = join(root, 'left', `${randomUUID()}.tmp`)
    writeFileSync(left, '')
    utimesSync(left, time / 1000, time / 1000)
    advance(60 * 60)
    await store.set('key', 'value', 1_000_000)
    expect(existsSync(left)).toBe(true)
    advance(60 * 60)
    await store.set('key', 'value', 1_000_000)
    expect(existsSync(left)).toBe(false)
    expect(await store.get('key')).toBe('value')
  })

  it('keeps one file per key, however often it changes', async () => {
    const store = new FileStore(join(root, 'changed'), { now })
    for (let turn = 0; turn < 3; turn++) {
      await store.set('key', String(turn), 60)
      await store.delete('key')
      await store.add('key', String(turn), 60)
    }
    expect(readdirSync(join(root, 'changed'), { recursive: true })).toHaveLength(2)
  })

  it('rejects with the error of the file system when it cannot write', async () => {
    writeFileSync(join(root, 'occupied'), '')
    await expect(new FileStore(join(root, 'occupied')).set('key', 'value', 1)).rejects.toMatchObject({
      code: 'ENOTDIR',
    })
  })

  it.each([[''], [undefined], [7]])('refuses %j', directory => {
    expect(() => Reflect.construct(FileStore, [directory])).toThrow(InvalidArgumentError)
  })
})

describe('the clock of a file store', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each([-1, 1])('is that of the file system, even when this machine is %i h ahead', async hours => {
    const directory = join(root, `clock ${hours}`)
    await new FileStore(directory).add('live', 'value', 60)
    await new FileStore(directory).add('expired', 'value', 0)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
    const astray = new FileStore(directory)
    expect([await astray.get('live'), await astray.get('expired')]).toEqual(['value', undefined])
    expect([await astray.add('live', 'other', 60), await astray.add('expired', 'other', 60)]).toEqual([false, true])
    vi.useRealTimers()
    expect(await new FileStore(directory).get('expired')).toBe('other')
  })
})

describe('processes that share a directory', () => {
  const script = join(import.meta.dirname, 'file-store-process.mjs')
  const start = (directory: string): ChildProcess => fork(script, [compileLibrary(), directory])

  it('agree on one owner of a key that expired, even where one was killed while it wrote', async () => {
    const directory = join(root, 'contested')
    const processes = [start(directory), start(directory), start(directory)]
    const reply = async (process: ChildProcess, order: object): Promise<boolean[]> => {
      process.send(order)
      const [added] = await once(process, 'message')
      return added
    }
    for (let round = 0; round < repetitions(6, 20); round++) {
      const key = String(round)
      const victim = start(directory)
      victim.send({ write: key })
      await once(victim, 'message')
      victim.kill('SIGKILL')
      await once(victim, 'exit')
      const added = await Promise.all(processes.map(process => reply(process, { add: key, times: 4 })))
      expect(added.flat().filter(Boolean), `round ${round}`).toHaveLength(1)
    }
    for (const process of processes) process.disconnect()
  }, 60_000)
})
