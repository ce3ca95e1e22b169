/** The input and output of a command: streams, environment, colours, and the words of one language. */
import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'
import type { Words } from './words/words.js'

export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined }
  readonly stdout: Output
  readonly stderr: Output
  /** Aborts when the user ends the command. */
  readonly signal: AbortSignal
}

type Output = Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined }

export type Environment = Readonly<Record<string, string | undefined>>

export type Style = Parameters<typeof styleText>[0]

/** Control characters, line separators and the invisible characters that reorder a line. */
const BREAKS_LINES = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu

/** Makes a string from outside safe to print within a line: it must not control the terminal. */
export function oneLine(text: string): string {
  return text.replace(BREAKS_LINES, ' ')
}

export class Terminal {
  readonly words: Words
  readonly environment: Environment
  readonly #streams: Streams

  constructor(streams: Streams, environment: Environment, words: Words) {
    this.#streams = streams
    this.environment = environment
    this.words = words
  }

  get stdin(): Streams['stdin'] {
    return this.#streams.stdin
  }

  get stdout(): Output {
    return this.#streams.stdout
  }

  get stderr(): Output {
    return this.#streams.stderr
  }

  get signal(): AbortSignal {
    return this.#streams.signal
  }

  /** Whether the user can be asked for confirmation. */
  get isInteractive(): boolean {
    return Boolean(this.stdin.isTTY && this.stderr.isTTY)
  }

  /** The result of the command, which may be piped to a different program. */
  print(text: string): void {
    this.stdout.write(`${text}\n`)
  }

  /** One line, so that a program can read one value after the other. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value))
  }

  /** A line for the user rather than for a program. */
  note(text: string): void {
    this.stderr.write(`${text}\n`)
  }

  /** In colours if standard output is a terminal. */
  paint(style: Style, text: string): string {
    return this.#paint(this.stdout, style, text)
  }

  /** In colours if standard error is a terminal. */
  paintNote(style: Style, text: string): string {
    return this.#paint(this.stderr, style, text)
  }

  /** Resolves when the user ends the command. */
  async ended(): Promise<void> {
    const { signal } = this
    if (signal.aborted) return
    await new Promise<void>(resolve => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  #paint(output: Output, style: Style, text: string): string {
    const { NO_COLOR, TERM } = this.environment
    if (!output.isTTY || NO_COLOR || TERM === 'dumb') return text
    return styleText(style, text, { validateStream: false })
  }
}
