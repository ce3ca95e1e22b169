import { expect, it } from 'vitest'
import { percentEncode } from '../../lib/util/percent-encoding.js'

it('everything is encoded except what RFC 3986 calls unreserved', () => {
  const ascii = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index))
  const kept = [...ascii].filter(character => percentEncode(character) === character).join('')
  expect(kept).toBe('-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~')
  expect(percentEncode(ascii)).toMatch(/^(?:[\w\-.~]|%[0-9A-F]{2})+$/)
  expect(decodeURIComponent(percentEncode(`${ascii}付`))).toBe(`${ascii}付`)
})
