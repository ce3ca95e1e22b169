/** The grammar of RFC 6570: a template becomes literals and expressions, or is refused at the character that is wrong. */
import { InvalidArgumentError } from '../errors.js'
import { quote } from '../util/wording.js'

/** How an expression is expanded; the empty one is that of a plain `{name}`. The RFC's `#` is refused. */
export type Operator = '' | '+' | '.' | '/' | ';' | '?' | '&'

export interface Variable {
  readonly name: string
  /** `{list*}`: every entry stands by itself. */
  readonly explode: boolean
  /** `{name:3}`: the number of characters that are taken from the front. */
  readonly prefix: number | undefined
}

export interface Expression {
  readonly operator: Operator
  readonly variables: readonly Variable[]
}

/** A string is a literal, percent-encoded already. */
export type Part = string | Expression

const ABSOLUTE = /^(?:\/\/|\/?[a-z][a-z\d+.-]*:)/i
const NO_LITERAL = /[\s\p{Cc}\p{Cs}\\"<>^`|#]|%(?![\dA-Fa-f]{2})/u
const VARIABLE = /^((?:\w|%[\dA-Fa-f]{2})+(?:\.(?:\w|%[\dA-Fa-f]{2})+)*)(?:(\*)|:([1-9]\d{0,3}))?$/

/** Whether a path begins with a scheme or a host, and so could lead away from the origin that it is meant for. */
export function isAbsolute(path: string): boolean {
  return ABSOLUTE.test(path)
}

/** The part of a path, or of a literal in one, that stands before the query. */
export function beforeQuery(text: string): string {
  const [path = ''] = text.split('?', 1)
  return path
}

/** @throws InvalidArgumentError that shows the position of what is wrong */
export function parseTemplate(template: string): Part[] {
  if (template === '' || template === '/') fail(template, 0, 'it is empty')
  if (isAbsolute(template))
    fail(template, 0, 'it begins with a scheme or a host: give the path alone, and the origin as `base_uri`')
  const parts: Part[] = []
  for (const { 0: text, 1: expression, index } of template.matchAll(/\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    const inQuery = parts.some(beginsQuery)
    if (text === '{' || text === '}') fail(template, index, `\`${text}\` has no counterpart`)
    if (expression === undefined) parts.push(parseLiteral(template, text, index, inQuery))
    else parts.push(parseExpression(template, expression, index + 1, inQuery))
  }
  return parts
}

function beginsQuery(part: Part): boolean {
  return typeof part === 'string' ? part.includes('?') : part.operator === '?'
}

function parseLiteral(template: string, text: string, position: number, inQuery: boolean): string {
  const wrong = NO_LITERAL.exec(text)
  if (wrong) fail(template, position + wrong.index, whyNoLiteral(wrong[0]))
  const empty = inQuery ? -1 : beforeQuery(text).indexOf('//')
  if (empty >= 0) fail(template, position + empty, 'a segment is empty')
  return text.replace(/[^!-~]+/g, encodeURIComponent)
}

function whyNoLiteral(character: string): string {
  if (character === '#') return 'a request has no fragment'
  if (character === '%') return 'a percent sign needs two hexadecimal digits after it'
  return `a path cannot hold ${quote(character)}`
}

function parseExpression(template: string, text: string, position: number, inQuery: boolean): Expression {
  const first = text.charAt(0)
  const operator = isOperator(first) ? first : ''
  if (first === '#') fail(template, position, 'a request has no fragment')
  if (first !== '' && '=,!@|'.includes(first)) fail(template, position, `the operator \`${first}\` is unknown`)
  if (operator === '?' && inQuery) fail(template, position, 'the query has begun already: continue it with `{&name}`')
  let at = position + operator.length
  const variables = text
    .slice(operator.length)
    .split(',')
    .map(spec => {
      const variable = parseVariable(template, spec, at)
      at += spec.length + 1
      return variable
    })
  return { operator, variables }
}

function isOperator(character: string): character is Operator {
  return character !== '' && '+./;?&'.includes(character)
}

function parseVariable(template: string, spec: string, position: number): Variable {
  const [, name, explode, prefix] = VARIABLE.exec(spec) ?? []
  if (name === undefined) {
    fail(
      template,
      position,
      `${quote(spec)} is no placeholder: a name of letters, digits, \`_\` and \`.\`, then nothing, \`*\`, or \`:1\` to \`:9999\``,
    )
  }
  return { name, explode: explode !== undefined, prefix: prefix === undefined ? undefined : Number(prefix) }
}

function fail(template: string, position: number, reason: string): never {
  throw new InvalidArgumentError(`the path ${quote(template)} is malformed at position ${position}: ${reason}`)
}
