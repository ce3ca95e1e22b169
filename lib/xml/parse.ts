/** Parses the XML of APIv2 into an object of strings with saxes, a strict parser without entities or file access. */
import type { SaxesParser } from 'saxes'
import { InvalidArgumentError } from '../errors.js'
import { loadSaxes } from '../util/packages.js'
import { kindOf } from '../util/wording.js'
import { DEFAULT_LIMITS, findForbidden, MAX_DEPTH, type XmlLimits } from './limits.js'

export type XmlValue = string | XmlFields | (string | XmlFields)[]

/** The children of an element by name; a name that occurs several times is a list. */
export interface XmlFields {
  [name: string]: XmlValue
}

interface OpenElement {
  name: string
  text: string
  children: Map<string, XmlValue>
}

/**
 * The children of the outermost element, regardless of its name: `<xml><a>1</a></xml>` is `{ a: '1' }`. Values stay
 * strings, with their white space. An element with children is an object; one that occurs several times is a list.
 * White space between elements, comments, processing instructions and attributes are left out.
 *
 * @throws InvalidArgumentError for XML 1.0 that is not well-formed, a DOCTYPE, any encoding except UTF-8, an element with
 *   both text and children, more than 256 levels, more than 4,096 elements or more than 1 MiB.
 */
export function toObject(xml: string | Uint8Array): XmlFields {
  return toObjectWithin(xml, DEFAULT_LIMITS)
}

/** As {@link toObject}, with different limits to the size. */
export function toObjectWithin(xml: string | Uint8Array, limits: XmlLimits): XmlFields {
  const text = decode(xml, limits.bytes)
  const forbidden = findForbidden(text)
  if (forbidden !== undefined) {
    throw refusal(`the character ${forbidden}, which XML cannot carry`, 'Transformer.sanitize removes such characters.')
  }
  const tree = new Tree(limits.fields)
  const parser = createParser(tree)
  try {
    parser.write(text).close()
  } catch (error) {
    if (error instanceof InvalidArgumentError || !(error instanceof Error)) throw error
    throw notWellFormed(error)
  }
  return tree.root
}

let saxes: typeof import('saxes') | undefined

/**
 * Loads the parser, which {@link toObject} does when it is first needed. Called before a request is sent whose response
 * is XML, so that a missing package is found in time.
 *
 * @throws WechatPayError `ERR_PACKAGE_MISSING` without the package.
 */
export function loadParser(): void {
  loadedSaxes()
}

function loadedSaxes() {
  saxes ??= loadSaxes()
  return saxes
}

function createParser(tree: Tree): SaxesParser {
  const { SaxesParser } = loadedSaxes()
  // Without `forceXMLVersion`, a document could call itself 1.1 and write control characters as references.
  const parser = new SaxesParser({ defaultXMLVersion: '1.0', forceXMLVersion: true })
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding === undefined || /^utf-?8$/i.test(encoding)) return
    throw refusal(`the encoding ${encoding.slice(0, 100)}`, 'Convert the document and its declaration to UTF-8.')
  })
  parser.on('doctype', () => {
    throw refusal('a DOCTYPE', 'WeChat Pay never sends one; its entities could read files or exhaust the memory.')
  })
  parser.on('opentagstart', ({ name }) => tree.open(name))
  parser.on('text', text => tree.addText(text))
  parser.on('cdata', text => tree.addText(text))
  parser.on('closetag', () => tree.close())
  return parser
}

/** The elements that are open while a document is parsed, outermost first. */
class Tree {
  root: XmlFields = {}
  readonly #open: OpenElement[] = []
  readonly #most: number
  #count = 0

  /** @param most Elements, the outermost not counted. */
  constructor(most: number) {
    this.#most = most
  }

  open(name: string): void {
    if (this.#count++ > this.#most) throw refusal(`more than ${this.#most} elements`, NEVER_SENT)
    if (this.#open.length >= MAX_DEPTH) throw refusal(`more than ${MAX_DEPTH} levels`, NEVER_SENT)
    this.#open.push({ name, text: '', children: new Map() })
  }

  addText(text: string): void {
    const element = this.#open.at(-1)
    if (element !== undefined) element.text += text
  }

  close(): void {
    const element = this.#open.pop()
    if (element === undefined) return
    const parent = this.#open.at(-1)
    if (parent === undefined) this.root = fieldsOf(element)
    else add(parent.children, element.name, element.children.size > 0 ? fieldsOf(element) : element.text)
  }
}

// Object.fromEntries makes `__proto__` a field like any other.
function fieldsOf({ name, text, children }: OpenElement): XmlFields {
  if (/[^ \t\r\n]/.test(text)) {
    const shown = name.slice(0, 100)
    throw refusal(
      children.size > 0 ? `text beside elements in <${shown}>` : `text alone in the outermost element, <${shown}>`,
      'Put the text into its own element.',
    )
  }
  return Object.fromEntries(children)
}

function add(children: Map<string, XmlValue>, name: string, value: string | XmlFields): void {
  const present = children.get(name)
  if (Array.isArray(present)) present.push(value)
  else children.set(name, present === undefined ? value : [present, value])
}

function decode(xml: string | Uint8Array, most: number): string {
  if (typeof xml !== 'string' && !(xml instanceof Uint8Array)) {
    throw refusal(kindOf(xml), 'Pass the document as a string or bytes.')
  }
  if (xml.length > most) throw refusal(`more than ${most} bytes`, NEVER_SENT)
  if (typeof xml === 'string') return xml
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(xml)
  } catch (cause) {
    throw refusal('bytes that are not UTF-8', 'Pass the bytes exactly as received; WeChat Pay sends UTF-8.', cause)
  }
}

const NEVER_SENT = 'WeChat Pay never sends such a document.'

function refusal(found: string, cure: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`\`xml\` must be an XML document of fields in UTF-8; got ${found}. ${cure}`, {
    cause,
  })
}

/** Messages of the parser begin with line and column: `1:13: unexpected close tag.` */
function notWellFormed({ message }: Error): InvalidArgumentError {
  const [, place, reason = message] = /^(\d+:\d+): (.*?)\.?$/s.exec(message) ?? []
  // The parser may quote a name, which may be as long as the document.
  const shown = reason.slice(0, 100)
  return new InvalidArgumentError(
    `\`xml\` is not well-formed${place === undefined ? '' : ` at ${place}`} (${shown}). Pass the document exactly as received.`,
  )
}
