import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { FileStore } from '../../lib/stores/file-store.js'
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

  it('is readable by this user alone', async () => {
    await open().set('mine', 'value', 60)
    const modes = readdirSync(directory).map(name => statSync(join(directory, name)).mode & 0o777)
    expect(new Set(modes)).toEqual(new Set([0o600]))
    expect(statSync(directory).mode & 0o777).toBe(0o700)
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

  it('takes over the lock of a process that died', async () => {
    const store = new FileStore(join(root, 'left'), { now })
    await store.set('key', 'old', 1)
    advance(2)
    const lock = join(root, 'left', `${readdirSync(join(root, 'left'))[0]}.lock`)
    writeFileSync(lock, '')
    utimesSync(lock, 1, 1)
    expect(await store.add('key', 'new', 60)).toBe(true)
    expect(await store.get('key')).toBe('new')
    expect(readdirSync(join(root, 'left'))).toHaveLength(1)
  })

  it('rejects with the error of the file system when it cannot write', async () => {
    writeFileSync(join(root, 'occupied'), '')
    await expect(new FileStore(join(root, 'occupied')).set('key', 'value', 1)).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it.each([[''], [undefined], [7]])('refuses %j', directory => {
    expect(() => Reflect.construct(FileStore, [directory])).toThrow(InvalidArgumentError)
  })
})
