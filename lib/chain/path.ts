/** Paths: from property names to segments, from segments to a template, and the forms that a path must not have. */
import { InvalidArgumentError } from '../errors.js'
import { quote } from '../util/wording.js'

// Most segments look like this and stay as they are.
const PLAIN = /^[a-z][\da-z]*$/

const PLACEHOLDER = /^_(.+)_$/

// Any ASCII punctuation except these two is a separator: a name that contains one was written for the URL already.
const IDENTIFIER = /^[\w$\u{80}-\u{10ffff}]+$/u

/**
 * The segment that a property name stands for: `complaintsV2` is `complaints-v2`, `_card_id_` is `{card_id}`. A name with
 * a separator in it (`merchant-service`) stays, and so does a path (any name with `/` or `{`).
 */
export function segmentOf(name: string): string {
  if (PLAIN.test(name) || /[/{]/.test(name)) return name
  const placeholder = PLACEHOLDER.exec(name)?.[1]
  if (placeholder !== undefined) return `{${placeholder}}`
  if (!IDENTIFIER.test(name)) return name
  return name.replace(/[A-Z]/g, (letter, offset) => `${offset === 0 ? '' : '-'}${letter.toLowerCase()}`)
}

// One slash at either end is often pasted along. Two in front stay, for the template to refuse: they name a host.
const LEADING_SLASH = /^\/(?!\/)/
const TRAILING_SLASH = /\/$/

function join(pieces: readonly string[]): string {
  return pieces
    .map(piece => piece.replace(LEADING_SLASH, ''))
    .map((piece, index) => (index === pieces.length - 1 ? piece : piece.replace(TRAILING_SLASH, '')))
    .join('/')
}

/** The path as it is printed, with a slash in front. */
export function pathOf(pieces: readonly string[]): string {
  const path = join(pieces)
  return path.startsWith('/') ? path : `/${path}`
}

/**
 * The path template of a request.
 *
 * @throws InvalidArgumentError when a piece is empty, or follows one that has a query.
 */
export function templateOf(pieces: readonly string[]): string {
  if (pieces.includes('')) {
    throw new InvalidArgumentError(
      `The path must not contain an empty segment; got ${quote(pathOf(pieces))}. To end the path in a slash, use \`_empty_\`.`,
    )
  }
  if (pieces.slice(0, -1).some(piece => piece.includes('?') || piece.includes('{&'))) {
    throw new InvalidArgumentError(
      `The path must end with its query; got ${quote(pathOf(pieces))}. Put the query last.`,
    )
  }
  return join(pieces)
}

const ABSOLUTE = /^(?:\/\/|\/?[a-z][a-z\d+.-]*:)/i

/** Whether a path begins with a scheme or a host, and so could lead away from the origin of the request. */
export function isAbsolute(path: string): boolean {
  return ABSOLUTE.test(path)
}

/** The part of a path, or of a literal in one, before the query. */
export function beforeQuery(path: string): string {
  const [beginning = ''] = path.split('?', 1)
  return beginning
}

// A server may decode before it splits, and some drop everything after a semicolon, so these end a segment too.
const DOT_SEGMENT = /(?:^|\/|%2f|%5c)(?:\.|%2e){1,2}(?:$|\/|;|%2f|%5c|%3b)/i

/** Whether a segment of the path is `.` or `..`, in any encoding: the request would go to a different URL. */
export function hasDotSegment(path: string): boolean {
  return DOT_SEGMENT.test(path)
}
