/** Server-sent events: they notify the page of a change, so that it reloads what it shows. */
import { Readable } from 'node:stream'
import type { RawResponse } from '../http/server.js'

export class EventStream {
  readonly #readers = new Set<Readable>()

  /** Sends an event without content to every listener. */
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
