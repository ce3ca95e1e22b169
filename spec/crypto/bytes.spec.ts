import { describe, expect, it } from 'vitest'
import { decodeBase64, parseBase64 } from '../../lib/crypto/bytes.js'
import { InvalidArgumentError } from '../../lib/errors.js'

describe('base64', () => {
  // RFC 4648 section 10.
  it.each([
    ['', ''],
    ['Zg==', 'f'],
    ['Zm8=', 'fo'],
    ['Zm9v', 'foo'],
    ['Zm9vYg==', 'foob'],
    ['Zm9vYmE=', 'fooba'],
    ['Zm9vYmFy', 'foobar'],
  ])('%j is decoded', (base64, expected) => {
    expect(decodeBase64(base64, 'ciphertext').toString()).toBe(expected)
  })

  it.each([
    ['white space inside', 'Zm9v Zm9v', 'white space'],
    ['white space at the end', 'Zm9v\n', 'white space'],
    ['white space at the front', ' Zm9v', 'white space'],
    ['the URL-safe alphabet', '-_-_', 'the URL-safe alphabet'],
    ['a missing padding', 'Zg', 'wrong padding'],
    ['half a padding', 'Zg=', 'wrong padding'],
    ['a superfluous padding', 'Zm9v=', 'wrong padding'],
    ['bits that should be zero', 'Zh==', 'wrong padding'],
    ['bits that should be zero, of two bytes', 'Zm9=', 'wrong padding'],
    ['a padding in the middle', 'Zg==Zg==', 'characters outside'],
    ['a padding at the front', '=Zm9v', 'characters outside'],
    ['something else', 'Zm9v!', 'characters outside'],
    ['a NUL', 'Zm9v\0', 'characters outside'],
  ])('%s is refused and named', (_, base64, flaw) => {
    expect(parseBase64(base64)).toBeUndefined()
    expect(() => decodeBase64(base64, 'ciphertext')).toThrow(InvalidArgumentError)
    expect(() => decodeBase64(base64, 'ciphertext')).toThrow(flaw)
  })

  it.each([undefined, null, 7])('%s is refused', value => {
    // @ts-expect-error: not a string.
    expect(() => decodeBase64(value, 'ciphertext')).toThrow(InvalidArgumentError)
  })

  it('the input is not shown in the error', () => {
    expect(() => decodeBase64('c2VjcmV0!', 'ciphertext')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('c2VjcmV0') }),
    )
  })
})
