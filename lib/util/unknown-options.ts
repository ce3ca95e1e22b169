/** Refuses misspelt options, which would otherwise be ignored in silence. */
import { InvalidArgumentError } from '../errors.js'

/**
 * @param of What takes the options, for the message: `Builder.factory`, `retry`.
 * @throws InvalidArgumentError that names the options which are not in `known`, and lists those which are.
 */
export function refuseUnknownOptions(options: object, known: readonly string[], of: string): void {
  const unknown = Object.keys(options).filter(name => !known.includes(name))
  if (unknown.length === 0) return
  const verb = unknown.length === 1 ? 'is not an option' : 'are not options'
  throw new InvalidArgumentError(
    `\`${unknown.join('`, `')}\` ${verb} of ${of}. Check the spelling; the options are: ${known.join(', ')}.`,
  )
}
