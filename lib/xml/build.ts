/** Writes an object as the XML of APIv2. */
import { InvalidArgumentError } from '../errors.js'
import { kindOf } from '../util/wording.js'
import { findForbidden, MAX_DEPTH } from './limits.js'
import { isNested, stringOf } from './value.js'

export interface XmlOptions {
  /** Leaves out `<?xml …?>` and the line end. Default true. */
  headless?: boolean
  /** Puts every element on its own line. Default false. */
  indent?: boolean
  /** The name of the outermost element. Default `xml`. */
  root?: string
  /** The name of each element of a list. Default `item`. */
  item?: string
}

/**
 * The names that every edition of XML 1.0 accepts: ASCII, the letters of Latin-1, the common CJK ideographs. No colon,
 * which would need a namespace.
 */
const NAME = /^[A-Za-z_\u00C0-\u00D6\u00D8-\u00F6\u4E00-\u9FA5][\w.\-\u00B7\u00C0-\u00D6\u00D8-\u00F6\u4E00-\u9FA5]*$/

interface Layout {
  indent: boolean
  item: string
}

/**
 * An object as XML: `{ a: 1 }` is `<xml><a>1</a></xml>`. Members keep their order; objects and lists nest, with each
 * element of a list as `<item>`; null is an empty element, undefined is left out. A string that needs CDATA is wrapped in
 * it, so that it arrives exactly as given.
 *
 * @throws InvalidArgumentError for a name that is not valid in XML, a string that XML cannot carry (control characters,
 *   half a surrogate pair), a value without an exact string (NaN, an unsafe integer, a Date, bytes, a function), and more
 *   than 256 levels.
 */
export function toXml(
  data: object,
  { headless = true, indent = false, root = 'xml', item = 'item' }: XmlOptions = {},
): string {
  if (typeof data !== 'object' || data === null || !isNested(data)) {
    throw new InvalidArgumentError(`\`xml\` must be an object of fields; got ${kindOf(data)}. Pass { name: value }.`)
  }
  requireName(item, 'item')
  const xml = element(root, data, 'root', { indent, item }, 0)
  const lineEnd = headless && !indent ? '' : '\n'
  return `${headless ? '' : '<?xml version="1.0" encoding="UTF-8"?>\n'}${xml}${lineEnd}`
}

/** `path` names the value in errors. */
function element(name: string, value: unknown, path: string, layout: Layout, depth: number): string {
  requireName(name, path)
  if (typeof value === 'object' && value !== null && isNested(value)) {
    const children = childrenOf(value, path, layout, depth + 1)
    return children === '' ? `<${name}/>` : `<${name}>${children}</${name}>`
  }
  return `<${name}>${content(stringOf(path, value) ?? '', path)}</${name}>`
}

function childrenOf(value: object, path: string, layout: Layout, depth: number): string {
  if (depth >= MAX_DEPTH) {
    throw new InvalidArgumentError(
      `\`xml\` must not have more than ${MAX_DEPTH} levels. Look for an object that contains itself.`,
    )
  }
  const members: [string, unknown][] = Array.isArray(value)
    ? value.map((member: unknown) => [layout.item, member])
    : Object.entries(value)
  const elements = members
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => element(name, member, depth === 1 ? name : `${path}.${name}`, layout, depth))
  if (!layout.indent || elements.length === 0) return elements.join('')
  return `${elements.map(child => `\n${' '.repeat(depth)}${child}`).join('')}\n${' '.repeat(depth - 1)}`
}

function content(text: string, path: string): string {
  const forbidden = findForbidden(text)
  if (forbidden !== undefined) {
    throw new InvalidArgumentError(
      `\`${path}\` must not contain ${forbidden}, which XML cannot carry. Remove the character, with Transformer.sanitize if the loss is acceptable.`,
    )
  }
  // A bare carriage return would arrive as a line feed, even within CDATA.
  if (!/[<>&"']/.test(text)) return text.replaceAll('\r', '&#13;')
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>').replaceAll('\r', ']]>&#13;<![CDATA[')}]]>`
}

function requireName(name: string, path: string): void {
  if (NAME.test(name)) return
  throw new InvalidArgumentError(
    `\`${path}\` must have a valid XML name: a letter or _, then letters, digits, _ - or a dot; got ${JSON.stringify(name)}.`,
  )
}
