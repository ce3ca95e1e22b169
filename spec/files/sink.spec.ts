import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { readSink, writeSink } from '../../lib/files/sink.js'

// It has no such modes, and no links without special rights.
const IS_WINDOWS = process.platform === 'win32'

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

describe.skipIf(IS_WINDOWS)('the mode of a file', () => {
  const modeOf = async (file: string) => (await stat(file)).mode & 0o777

  it('that is new lets its owner read it, and nobody else', async () => {
    await writeSink(content('x'), path)
    expect(await modeOf(path)).toBe(0o600)
  })

  it('lets nobody else read it while it is written', async () => {
    const modes: number[] = []
    async function* watching() {
      yield Buffer.from('content')
      for (const name of await readdir(folder)) modes.push(await modeOf(join(folder, name)))
    }
    await writeSink(watching(), path)
    expect(modes).toEqual([0o600])
  })

  it.each([0o600, 0o640, 0o644, 0o444])('that was there stays as it was: %o', async mode => {
    await writeFile(path, 'before')
    await chmod(path, mode)
    await writeSink(content('after'), path)
    expect(await modeOf(path)).toBe(mode)
    expect(await readFile(path, 'utf8')).toBe('after')
  })
})

describe.skipIf(IS_WINDOWS)('what is not a file is written to, and stays what it is', () => {
  it('a symbolic link to a file', async () => {
    const real = join(folder, 'real', 'bill.csv')
    await mkdir(join(folder, 'real'))
    await writeFile(real, 'before', { mode: 0o640 })
    await symlink(real, path)
    await writeSink(content('after'), path)
    expect((await lstat(path)).isSymbolicLink()).toBe(true)
    expect(await readFile(real, 'utf8')).toBe('after')
    expect(await readdir(join(folder, 'real'))).toEqual(['bill.csv'])
    await expect(writeSink(broken(), path)).rejects.toThrow('the connection was lost')
    expect(await readFile(real, 'utf8')).toBe('after')
  })

  it('a symbolic link to a file that does not exist yet, relative and by another link', async () => {
    await mkdir(join(folder, 'real'))
    await symlink('real/bill.csv', join(folder, 'link'))
    await symlink(join(folder, 'link'), path)
    await writeSink(content('x'), path)
    expect((await lstat(path)).isSymbolicLink()).toBe(true)
    expect(await readFile(join(folder, 'real', 'bill.csv'), 'utf8')).toBe('x')
  })

  it('a symbolic link that leads to itself, which is an error', async () => {
    await symlink(path, path)
    await expect(writeSink(content('x'), path)).rejects.toMatchObject({ code: 'ERR_SINK' })
  })

  it('a pipe, as a device would be', async () => {
    execFileSync('mkfifo', [path])
    const [read] = await Promise.all([readFile(path, 'utf8'), writeSink(content('first ', 'second'), path)])
    expect(read).toBe('first second')
    expect((await lstat(path)).isFIFO()).toBe(true)
    expect(await readdir(folder)).toEqual(['bill.csv'])
  })
})

it.each([
  ['80 Chinese characters', '账'.repeat(80)],
  ['255 bytes', 'a'.repeat(255)],
  ['239 bytes', 'a'.repeat(239)],
])('the name of a file may be as long as the disk allows: %s', async (_what, name) => {
  await writeSink(content('x'), join(folder, name))
  expect(await readFile(join(folder, name), 'utf8')).toBe('x')
  expect(await readdir(folder)).toEqual([name])
})

describe('a stream', () => {
  it('gets everything, and is ended', async () => {
    const sink = new PassThrough()
    const [read] = await Promise.all([text(sink), writeSink(content('first ', 'second'), sink)])
    expect(read).toBe('first second')
  })

  it('that fails is distinguished from content that fails, and the content is closed', async () => {
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
