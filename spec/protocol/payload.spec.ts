import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { jsonPayload, rawPayload } from '../../lib/protocol/payload.js'

describe('a JSON payload', () => {
  it('is serialised once: what is signed is what is sent', () => {
    const { body, signed, contentType } = jsonPayload({ a: '中/文', b: undefined, c: [1, 2.5] })
    expect(body?.toString()).toBe('{"a":"中/文","c":[1,2.5]}')
    expect(signed).toBe(body)
    expect(contentType).toBe('application/json')
  })

  it.each([
    ['null deep inside', { amount: { payer: [{ total: null }] } }, /`json\.amount\.payer\[0\]\.total` .*null/],
    ['a bigint', { amount: { total: 1n } }, /`json\.amount\.total` .*bigint/],
    ['NaN', { total: Number.NaN }, /`json\.total` .*NaN/],
    ['infinity', { total: Number.POSITIVE_INFINITY }, /`json\.total` .*Infinity/],
    ['an integer beyond what a number holds', { id: 2 ** 53 }, /`json\.id` .*9007199254740992.* string/],
    ['a text', '{}', /`json` .*string.*`body`/],
    ['null', null, /`json` .*null/],
  ])('refuses %s, and names the field', (_what, value, message) => {
    expect(() => jsonPayload(value)).toThrow(InvalidArgumentError)
    expect(() => jsonPayload(value)).toThrow(message)
  })

  it('refuses a circular object without a surprise', () => {
    const order: Record<string, unknown> = {}
    order.self = order
    expect(() => jsonPayload(order)).toThrow(InvalidArgumentError)
  })
})

describe('a raw payload', () => {
  it.each([
    ['a text', () => '{"a":"中"}'],
    ['bytes', () => new TextEncoder().encode('{"a":"中"}')],
    ['a stream', () => Readable.from([Buffer.from('{"a":'), Buffer.from('"中"}')])],
  ])('is sent and signed as it is given: %s', async (_what, body) => {
    const payload = await rawPayload(body())
    expect(payload.body?.toString()).toBe('{"a":"中"}')
    expect(payload.signed).toEqual(payload.body)
  })

  it('of form data is signed by its meta part alone', async () => {
    const form = new FormData()
    form.append('meta', new Blob(['{"filename":"a.png"}'], { type: 'application/json' }))
    form.append('file', new Blob(['\u0000\u0001'], { type: 'image/png' }), 'a.png')
    const { body, signed, contentType } = await rawPayload(form)
    expect(signed.toString()).toBe('{"filename":"a.png"}')
    expect(contentType).toMatch(/^multipart\/form-data; boundary=/)
    const sent = body && 'open' in body ? (await buffer(body.open())).toString('latin1') : ''
    expect(body?.length).toBe(sent.length)
    expect(sent.indexOf('name="meta"')).toBeGreaterThan(0)
    expect(sent.indexOf('name="file"')).toBeGreaterThan(sent.indexOf('name="meta"'))
    expect(sent).toContain('Content-Type: application/json')
  })

  it('of form data without a meta part is refused', async () => {
    await expect(rawPayload(new FormData())).rejects.toThrow(/`meta` part/)
  })

  it('of another kind is refused', async () => {
    await expect(rawPayload({ a: 1 })).rejects.toThrow(InvalidArgumentError)
  })
})
