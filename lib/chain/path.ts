/** Joins the pieces of a chain into a path. */
import { InvalidArgumentError } from '../errors.js'
import { quote } from '../util/wording.js'

// One slash at either end is what people paste; two in front stay, for the template to refuse: they name a host.
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
 * @throws InvalidArgumentError when a piece is empty, or follows one that holds a query
 */
export function templateOf(pieces: readonly string[]): string {
  if (pieces.includes('')) {
    throw new InvalidArgumentError(
      `the path ${quote(pathOf(pieces))} was given an empty segment: to end it in a slash, use _empty_`,
    )
  }
  if (pieces.slice(0, -1).some(piece => piece.includes('?') || piece.includes('{&'))) {
    throw new InvalidArgumentError(`the path ${quote(pathOf(pieces))} goes on after its query: put the query last`)
  }
  return join(pieces)
}
