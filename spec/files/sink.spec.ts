import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { readSink, writeSink } from '../../lib/files/sink.js'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spec-'))
  path = join(folder, 'bill.csv')
})
afterEach(() => rm(folder, { recursive: true }))

async function* content(...chunks: string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

async function* broken() {
  yield Buffer.from('half')
  throw new Error('the connection was lost')
}

describe('a file', () => {
  it('holds what was written, and nothing is beside it', async () => {
    await writeSink(content('first ', 'second'), path)
    expect(await readFile(path, 'utf8')).toBe('first second')
    expect(await readdir(folder)).toEqual(['bill.csv'])
  })

  it('has its name only once it is whole', async () => {
    const seen: string[][] = []
    async function* watching() {
      yield Buffer.from('content')
      seen.push(await readdir(folder))
    }
    await writeSink(watching(), path)
    expect(seen).toEqual([[expect.stringMatching(/^\.bill\.csv\.[0-9a-f]{12}\.part$/)]])
  })

  it('is not there when the content breaks off, and the error is that of the content', async () => {
    await expect(writeSink(broken(), path)).rejects.toThrow('the connection was lost')
    expect(await readdir(folder)).toEqual([])
  })

  it('that was there before stays as it was when the content breaks off', async () => {
    await writeFile(path, 'before')
    await expect(writeSink(broken(), path)).rejects.toThrow('the connection was lost')
    expect(await readFile(path, 'utf8')).toBe('before')
    expect(await readdir(folder)).toEqual(['bill.csv'])
  })

  it('in a folder that does not exist is an error that says so', async () => {
    await expect(writeSink(content('x'), join(folder, 'none', 'bill.csv'))).rejects.toMatchObject({
      code: 'ERR_SINK',
      message: expect.stringContaining('ENOENT'),
    })
  })

  it('whose name is a folder leaves nothing', async () => {
    await expect(writeSink(content('x'), folder)).rejects.toMatchObject({ code: 'ERR_SINK' })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('a stream', () => {
  it('gets everything, and is ended', async () => {
    const sink = new PassThrough()
    const [read] = await Promise.all([text(sink), writeSink(content('first ', 'second'), sink)])
    expect(read).toBe('first second')
  })

  it('that fails is told from content that fails, and the content is given up', async () => {
    let isGivenUp = false
    async function* endless() {
      try {
        for (;;) yield Buffer.alloc(1024)
      } finally {
        isGivenUp = true
      }
    }
    const sink = new Writable({ write: (_chunk, _encoding, done) => done(new Error('the disk is full')) })
    await expect(writeSink(endless(), sink)).rejects.toMatchObject({
      code: 'ERR_SINK',
      cause: { message: 'the disk is full' },
    })
    expect(isGivenUp).toBe(true)
  })

  it('is destroyed when the content breaks off', async () => {
    const sink = new PassThrough().resume()
    await expect(writeSink(broken(), sink)).rejects.toThrow('the connection was lost')
    expect(sink.destroyed).toBe(true)
  })
})

it('a sink may be a path, a file URL or a stream', () => {
  const stream = new PassThrough()
  expect([readSink('/a/b'), readSink(pathToFileURL('/a/b')), readSink(stream), readSink(undefined)]).toEqual([
    '/a/b',
    '/a/b',
    stream,
    undefined,
  ])
})

it.each([[''], [null], [1], [new URL('https://example.com/')], [{}]])('a sink may not be %o', sink => {
  expect(() => readSink(sink)).toThrow(InvalidArgumentError)
})
