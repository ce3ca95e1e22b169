import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError, TransportError, WechatPayError } from '../lib/errors.js'

const wrap = (cause: unknown) => new WechatPayError('The signer failed.', { code: 'ERR_SIGNER', cause })

describe('the cause of an error', () => {
  it('from another library is its name, code and message, and where it was thrown, without what else it holds', () => {
    class HTTPParserError extends Error {
      override readonly name = 'HTTPParserError'
      readonly code = 'HPE_INVALID_HEADER_TOKEN'
      readonly data = 'Wechatpay-Signature: SECRET\r\n\r\n{"phone":"13800138000"}'
      readonly config = { headers: { Authorization: 'SECRET' } }
    }
    const error = wrap(new HTTPParserError('Invalid header value char'))
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.cause).toMatchObject({
      name: 'HTTPParserError',
      code: 'HPE_INVALID_HEADER_TOKEN',
      message: 'Invalid header value char',
      stack: expect.stringMatching(/^HTTPParserError: Invalid header value char\n +at .*errors\.spec/),
    })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/SECRET|13800138000/)
    expect(JSON.stringify(Object.getOwnPropertyDescriptors(error.cause))).not.toMatch(/SECRET|13800138000/)
  })

  it('of a cause is kept likewise, to an end', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', data: 'SECRET' })
    const error = wrap(new TypeError('fetch failed', { cause: refused }))
    expect(error.cause).toMatchObject({ name: 'TypeError', cause: { code: 'ECONNREFUSED' } })
    expect(inspect(error, { depth: 9 })).not.toContain('SECRET')
    const endless = new Error('again')
    endless.cause = endless
    expect(inspect(wrap(endless), { depth: 99 })).toContain('again')
  })

  it.each([
    ['an object', { headers: { authorization: 'SECRET' } }, undefined],
    ['a string with line breaks', 'down\nFAKE', 'down FAKE'],
    ['nothing', undefined, undefined],
  ])('that is %s', (_what, cause, expected) => {
    expect(wrap(cause).cause).toEqual(expected)
  })

  it('of our own is kept as it is', () => {
    const cause = new InvalidArgumentError('`a` must be a string; got a number.')
    expect(wrap(cause).cause).toBe(cause)
  })

  it('of an abort is the reason that the caller gave', () => {
    const reason = { why: 'the user left' }
    const error = new TransportError('The call was aborted.', { code: 'ERR_ABORTED', sent: false, cause: reason })
    expect(error.cause).toBe(reason)
  })

  it('neither forges a line of the stack nor makes it endless', () => {
    const cause = new Error('no')
    cause.stack = `Error: no\n    at a\u001b[2J (x.js:1)\n${'    at b (y.js:1)\n'.repeat(1_000)}secret=SECRET`
    const { stack } = Object(wrap(cause).cause)
    expect(stack).not.toMatch(/SECRET|\u001b/)
    expect(stack.split('\n').length).toBeLessThan(20)
  })
})

describe('a message', () => {
  it('is one line of bounded length, whatever was put into it', () => {
    const error = new WechatPayError(`a\r\nb\u2028c\u202ed\u0000e\ud800f${'x'.repeat(1e6)}`, {
      code: `A\n${'B'.repeat(1e6)}`,
    })
    expect(error.message).toMatch(/^a b c d e fx+…$/)
    expect(error.message.length).toBeLessThanOrEqual(2_000)
    expect(error.code).toMatch(/^A B{61}…$/)
    expect(String(error)).not.toContain('\n')
  })

  it('keeps Chinese, punctuation and emoji', () => {
    const message = '`serial` 商户平台 → 账户中心 → API安全 “…” 😀'
    expect(new WechatPayError(message, { code: 'ERR' }).message).toBe(message)
  })
})

it('the bytes of a response that cannot be read are there for the program, and in no printed form', () => {
  const body = Buffer.from('{"phone":"13800138000"')
  const error = new WechatPayError('It is not valid JSON.', { code: 'ERR_RESPONSE_FORMAT', body })
  expect(error.body).toBe(body)
  const printed = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), Object.keys(error).join()]
  expect(printed.join()).not.toMatch(/13800138000|7b 22/)
})
