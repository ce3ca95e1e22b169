/** The grammar of RFC 6570: parses a template into literals and expressions, or refuses it at the first wrong character. */
import { InvalidArgumentError } from '../errors.js'
import { quote } from '../util/wording.js'
import { beforeQuery, isAbsolute } from './path.js'

/** How an expression is expanded; a plain `{name}` has the empty one. The RFC's `#` is refused. */
export type Operator = '' | '+' | '.' | '/' | ';' | '?' | '&'

export interface Variable {
  readonly name: string
  /** `{list*}`: each entry is expanded separately. */
  readonly explode: boolean
  /** `{name:3}`: how many characters from the beginning are used. */
  readonly prefix: number | undefined
}

export interface Expression {
  readonly operator: Operator
  readonly variables: readonly Variable[]
}

/** A string is a literal, percent-encoded already. */
export type Part = string | Expression

const NOT_LITERAL = /[\s\p{Cc}\p{Cs}\\"<>^`|#]|%(?![\dA-Fa-f]{2})/u
const VARIABLE = /^((?:\w|%[\dA-Fa-f]{2})+(?:\.(?:\w|%[\dA-Fa-f]{2})+)*)(?:(\*)|:([1-9]\d{0,3}))?$/

/** @throws InvalidArgumentError that shows the position of the fault. */
export function parseTemplate(template: string): Part[] {
  if (template === '' || template === '/') fail(template, 0, 'it is empty')
  if (isAbsolute(template)) {
    fail(template, 0, 'it begins with a scheme or a host. Pass only the path, and the origin as `base_uri`')
  }
  const parts: Part[] = []
  for (const { 0: piece, 1: expression, index } of template.matchAll(/\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    const inQuery = parts.some(beginsQuery)
    if (piece === '{' || piece === '}')
      fail(template, index, `\`${piece}\` has no matching \`${piece === '{' ? '}' : '{'}\``)
    if (expression === undefined) parts.push(parseLiteral(template, piece, index, inQuery))
    else parts.push(parseExpression(template, expression, index + 1, inQuery))
  }
  return parts
}

function beginsQuery(part: Part): boolean {
  return typeof part === 'string' ? part.includes('?') : part.operator === '?'
}

function parseLiteral(template: string, literal: string, position: number, inQuery: boolean): string {
  const wrong = NOT_LITERAL.exec(literal)
  if (wrong) fail(template, position + wrong.index, faultOf(wrong[0]))
  const empty = inQuery ? -1 : beforeQuery(literal).indexOf('//')
  if (empty >= 0) fail(template, position + empty, 'a segment is empty')
  return literal.replace(/[^!-~]+/g, encodeURIComponent)
}

function faultOf(character: string): string {
  if (character === '#') return 'a request has no fragment'
  if (character === '%') return 'a percent sign needs two hexadecimal digits after it'
  return `a path cannot contain ${quote(character)}`
}

function parseExpression(template: string, expression: string, position: number, inQuery: boolean): Expression {
  const first = expression.charAt(0)
  const operator = isOperator(first) ? first : ''
  if (first === '#') fail(template, position, 'a request has no fragment')
  if (first !== '' && '=,!@|'.includes(first)) fail(template, position, `the operator \`${first}\` is unknown`)
  if (operator === '?' && inQuery) fail(template, position, 'the query has already begun. Continue it with `{&name}`')
  let at = position + operator.length
  const variables = expression
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
      `${quote(spec)} is not a valid placeholder. Use a name of letters, digits, \`_\` and \`.\`, then nothing, \`*\`, or \`:1\` to \`:9999\``,
    )
  }
  return { name, explode: explode !== undefined, prefix: prefix === undefined ? undefined : Number(prefix) }
}

function fail(template: string, position: number, reason: string): never {
  throw new InvalidArgumentError(`The path ${quote(template)} is malformed at position ${position}: ${reason}.`)
}
