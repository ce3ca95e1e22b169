import { PassThrough, Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { collect } from '../../lib/util/collect.js'

describe('collect', () => {
  it('gives all bytes of a stream of bytes or strings', async () => {
    expect(await collect(Readable.from([Buffer.from('a'), '付', new Uint8Array([98])]))).toEqual(Buffer.from('a付b'))
    expect(await collect(Readable.from([]))).toEqual(Buffer.alloc(0))
  })

  it('takes as many bytes as the limit allows, and no more', async () => {
    expect(await collect(Readable.from(['ab', 'c']), 3)).toEqual(Buffer.from('abc'))
    expect(await collect(Readable.from(['ab', '付']), 4)).toBeUndefined()
  })

  it('closes a stream that goes on beyond the limit', async () => {
    const endless = new PassThrough()
    endless.write('abcd')
    expect(await collect(endless, 3)).toBeUndefined()
    expect(endless.destroyed).toBe(true)
  })

  it('fails as the stream does', async () => {
    const broken = new Error('broken off')
    const stream = new Readable({ read: () => stream.destroy(broken) })
    await expect(collect(stream, 3)).rejects.toBe(broken)
  })
})
