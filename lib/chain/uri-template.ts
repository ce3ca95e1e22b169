/** Path templates: RFC 6570 at level 4, without what could make a request another one than was meant. */
import { InvalidArgumentError } from '../errors.js'
import { remember } from '../util/memoize.js'
import { quote } from '../util/wording.js'
import { expandExpression } from './template-expansion.js'
import { beforeQuery, isAbsolute, type Part, parseTemplate } from './template-grammar.js'
import { hasDotSegment } from './template-value.js'

/**
 * Fills the placeholders of a path template, such as `v3/cards/{card_id}{?lang}`, and gives the path and query as they
 * go on the wire, with a slash in front. Only own properties of `values` count; those without a placeholder do not.
 *
 * In `{?x}`, `{&x}` and `{;x}` a value that is missing or null is left out; elsewhere it is refused, and so is an empty
 * one. `{empty}` is nothing unless it is given. `{+x}` keeps reserved characters, and every `%XX`, as they are.
 *
 * @throws InvalidArgumentError that names the template, and the position or the placeholder, but never shows a value
 */
export function expandTemplate(template: string, values: Readonly<Record<string, unknown>>): string {
  const { parts, fixed } = compile(template)
  return fixed ?? expand(template, parts, values)
}

interface Compiled {
  readonly parts: readonly Part[]
  readonly names: readonly string[]
  /** The path, when there is nothing to fill. */
  readonly fixed: string | undefined
}

const compile = remember((template): Compiled => {
  const parts = parseTemplate(template)
  const names = parts.flatMap(part => (typeof part === 'string' ? [] : part.variables.map(({ name }) => name)))
  return { parts, names: [...new Set(names)], fixed: names.length === 0 ? expand(template, parts, {}) : undefined }
})

function expand(template: string, parts: readonly Part[], values: Readonly<Record<string, unknown>>): string {
  let path = ''
  for (const part of parts) {
    if (typeof part === 'string') {
      path += part
    } else {
      const inPath = part.operator !== '?' && !path.includes('?')
      path += expandExpression(part, { template, values, inPath })
    }
  }
  if (isAbsolute(path)) refuse(template, 'begins with a scheme or a host')
  if (hasDotSegment(beforeQuery(path))) refuse(template, 'has a `.` or `..` segment')
  return path.startsWith('/') ? path : `/${path}`
}

/**
 * The names of a template's placeholders, each once, in their order.
 *
 * @throws InvalidArgumentError when the template is malformed
 */
export function templateNames(template: string): readonly string[] {
  return compile(template).names
}

function refuse(template: string, reason: string): never {
  throw new InvalidArgumentError(`the path ${quote(template)}, with its placeholders filled, ${reason}`)
}
