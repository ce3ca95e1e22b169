import { describe, expect, it } from 'vitest'
import { remember } from '../../lib/util/memoize.js'

describe('remember', () => {
  it('makes an answer once for each text', () => {
    const asked: string[] = []
    const answer = remember(text => {
      asked.push(text)
      return { text }
    })
    expect(answer('a')).toBe(answer('a'))
    expect(answer('b')).toEqual({ text: 'b' })
    expect(asked).toEqual(['a', 'b'])
  })

  it('asks again after a failure', () => {
    let attempts = 0
    const answer = remember(() => {
      attempts++
      if (attempts === 1) throw new Error('not yet')
      return { attempts }
    })
    expect(() => answer('a')).toThrow('not yet')
    expect(answer('a')).toEqual({ attempts: 2 })
  })

  it('holds a thousand answers at the most', () => {
    const made = new Map<string, number>()
    const answer = remember(text => {
      made.set(text, (made.get(text) ?? 0) + 1)
      return {}
    })
    for (let number = 0; number < 1_000; number++) answer(String(number))
    answer('0')
    expect(made.get('0')).toBe(1)
    answer('one more')
    answer('0')
    expect(made.get('0')).toBe(2)
  })
})
