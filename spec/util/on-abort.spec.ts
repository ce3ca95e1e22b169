import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { onAbort } from '../../lib/util/on-abort.js'

describe('a signal', () => {
  it('calls everything that waits for it, once', () => {
    const controller = new AbortController()
    const called: number[] = []
    for (const n of [1, 2, 3]) onAbort(controller.signal, () => called.push(n))
    controller.abort()
    expect(called).toEqual([1, 2, 3])
  })

  it('has one listener for all who wait, and none when nobody waits any more', () => {
    const { signal } = new AbortController()
    const stops = Array.from({ length: 50 }, () => onAbort(signal, () => {}))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    for (const stop of stops) stop()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('tells apart those who gave the same function', () => {
    const controller = new AbortController()
    let called = 0
    const count = () => called++
    onAbort(controller.signal, count)
    onAbort(controller.signal, count)()
    controller.abort()
    expect(called).toBe(1)
  })

  it('can be waited for again after everybody left', () => {
    const controller = new AbortController()
    let called = 0
    const stop = onAbort(controller.signal, () => called++)
    stop()
    const second = onAbort(controller.signal, () => called++)
    stop()
    controller.abort()
    second()
    expect(called).toBe(1)
  })
})
