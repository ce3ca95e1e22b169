/** The message and the exit code for an error of the library. */
import {
  ApiError,
  InvalidArgumentError,
  OutcomeUnknownError,
  SignatureError,
  TransportError,
  WechatPayError,
} from '../index.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import type { ErrorKind } from './words/parts.js'
import type { Words } from './words/words.js'

interface Described {
  message: string
  exitCode: ExitCode
}

/** `reads` is true for a request that only reads, which cannot have an unknown outcome. */
export function describeError(error: unknown, words: Words, { reads = true } = {}): Described {
  const sent = wasSent(error)
  const exitCode = exitCodeOf(error, sent, reads)
  if (!(error instanceof WechatPayError)) return { message: words.errors.other(messageOf(error)), exitCode }
  const requestId = error instanceof ApiError || error instanceof SignatureError ? error.requestId : undefined
  const facts = [
    words.errors.code(error.code),
    requestId === undefined ? undefined : words.errors.requestId(requestId),
    words.errors.sent[sent],
  ].filter(fact => fact !== undefined)
  const what = words.errors.what(kindOf(error), { message: error.message, said: saidBy(error) })
  return { message: `${what} ${words.errors.facts(facts)}${adviceOf(exitCode, words)}`, exitCode }
}

function kindOf(error: WechatPayError): ErrorKind {
  if (error instanceof ApiError) {
    if (error.statusCode === 202) return 'accepted'
    return isOpen(error) || error.statusCode === 429 ? 'unavailable' : 'refused'
  }
  if (error instanceof TransportError) return 'network'
  if (error instanceof SignatureError) return 'signature'
  return error instanceof InvalidArgumentError ? 'argument' : 'other'
}

/** Errors of the library that are thrown before the request is sent. */
const UNSENT: ReadonlySet<string> = new Set([
  'ERR_INVALID_ARGUMENT',
  'ERR_SIGNER',
  'ERR_PACKAGE_MISSING',
  'ERR_NO_PLATFORM_CERTIFICATE',
  'ERR_APIV3_KEY',
])

function wasSent(error: unknown): 'yes' | 'no' {
  if (error instanceof TransportError) return error.sent ? 'yes' : 'no'
  return error instanceof WechatPayError && !UNSENT.has(error.code) ? 'yes' : 'no'
}

function exitCodeOf(error: unknown, sent: 'yes' | 'no', reads: boolean): ExitCode {
  if (error instanceof InvalidArgumentError) return EXIT.usage
  if (error instanceof TransportError && sent === 'no' && error.code !== 'ERR_ABORTED') return EXIT.unreachable
  if (error instanceof OutcomeUnknownError) return EXIT.unknown
  if (reads || sent === 'no') return EXIT.failed
  return error instanceof ApiError && !isOpen(error) ? EXIT.failed : EXIT.unknown
}

/** Whether the outcome of the request is unknown although there is a response. */
function isOpen({ statusCode, code }: ApiError): boolean {
  return statusCode === 202 || statusCode >= 500 || /^(?:SYSTEM_?ERROR|BANK_?ERROR|USERPAYING)$/.test(code)
}

function adviceOf(exitCode: ExitCode, { errors }: Words): string {
  return exitCode === EXIT.unknown ? errors.outcomeUnknown : ''
}

/** WeChat Pay's own words in the message of a refusal: the status, the code and the reason. */
function saidBy(error: WechatPayError): string {
  if (!(error instanceof ApiError)) return ''
  const [, reason] = /failed with (?:\d+ )?[^\s:.]+: (.*?)\. [A-Z`]/s.exec(error.message) ?? []
  return [error.statusCode, error.code, ...(reason === undefined ? [] : [reason])].join(' ')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
