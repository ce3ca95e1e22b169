/** Server-sent events: tell the page that something has changed. It then reads again what it shows. */
import { Readable } from 'node:stream'
import type { RawResponse } from '../http/server.js'

export class EventStream {
  readonly #readers = new Set<Readable>()

  /** An event without content, to each who listens. */
  readonly publish = (): void => {
    for (const reader of this.#readers) reader.push('data: changed\n\n')
  }

  open(): RawResponse {
    const reader = new Readable({
      read() {},
      destroy: (error, done) => {
        this.#readers.delete(reader)
        done(error)
      },
    })
    this.#readers.add(reader)
    reader.push(': connected\n\n')
    return { statusCode: 200, headers: { 'Content-Type': 'text/event-stream' }, body: reader }
  }
}
