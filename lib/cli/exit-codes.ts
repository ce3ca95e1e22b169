/** The exit codes, which scripts rely on, and the failure that ends a command with one of them. */

export const EXIT = {
  /** Success. */
  done: 0,
  /** Failure: WeChat Pay refused, a check found a fault, or a notification was not acknowledged. */
  failed: 1,
  /** Wrong arguments or configuration. Nothing was sent. */
  usage: 2,
  /** The request was sent, and its outcome is unknown. */
  unknown: 3,
  /** The call moves money and was not confirmed. Nothing was sent. */
  unconfirmed: 4,
  /** The host could not be reached. Nothing was sent. */
  unreachable: 5,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends a command. The message is one line in the language of the user: what is wrong, and what to do. */
export class Failure extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
