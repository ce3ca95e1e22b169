/** Reading the XML of APIv2 into an object of texts, with saxes, a strict parser that knows no entities or files. */
import { createRequire } from 'node:module'
import { InvalidArgumentError } from '../errors.js'
import { findForbidden, MAX_DEPTH } from './limits.js'

export type XmlValue = string | XmlFields | (string | XmlFields)[]

/** The children of an element by name; a name that occurs several times has a list. */
export interface XmlFields {
  [name: string]: XmlValue
}

/** Characters or bytes; a hundred times the longest documented message. */
const MAX_SIZE = 1 << 20

/** What is used of saxes. Its own declarations do not compile under this package's checks. */
interface Saxes {
  SaxesParser: new (options: { defaultXMLVersion: '1.0'; forceXMLVersion: true }) => SaxesParser
}

interface SaxesParser {
  on(event: 'xmldecl', handler: (declaration: { encoding?: string | undefined }) => void): void
  on(event: 'opentagstart' | 'closetag', handler: (tag: { name: string }) => void): void
  on(event: 'doctype' | 'text' | 'cdata', handler: (text: string) => void): void
  write(text: string): SaxesParser
  close(): void
}

interface OpenElement {
  name: string
  text: string
  children: Map<string, XmlValue>
}

/**
 * The children of the outermost element, whatever its name: `<xml><a>1</a></xml>` is `{ a: '1' }`. Values stay texts,
 * white space included; an element with children is an object, one that occurs several times a list. White space
 * between elements, comments, processing instructions and attributes are left out.
 *
 * @throws InvalidArgumentError for what is not well-formed XML 1.0, a DOCTYPE, any encoding but UTF-8, an element with
 *   both text and children, more than 256 levels or more than 1 MiB.
 */
export function toObject(xml: string | Uint8Array): XmlFields {
  const text = decode(xml)
  const forbidden = findForbidden(text)
  if (forbidden !== undefined) {
    throw refusal(
      `the character ${forbidden}, which XML cannot carry`,
      'Transformer.sanitize takes such characters out.',
    )
  }
  const tree = new Tree()
  const parser = createParser(tree)
  try {
    parser.write(text).close()
  } catch (error) {
    if (error instanceof InvalidArgumentError || !(error instanceof Error)) throw error
    // Only the beginning: the parser may quote a name, which may be as long as the document.
    const reason = error.message.slice(0, 100).replace(/\.$/, '')
    throw refusal(`what is not well-formed, at ${reason}`, 'Pass the document exactly as received.')
  }
  return tree.root
}

function createParser(tree: Tree): SaxesParser {
  // Loaded on first use, because only APIv2 speaks XML.
  const { SaxesParser }: Saxes = createRequire(import.meta.url)('saxes')
  // Without `forceXMLVersion`, a document could call itself 1.1 and write control characters as references.
  const parser = new SaxesParser({ defaultXMLVersion: '1.0', forceXMLVersion: true })
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding === undefined || /^utf-?8$/i.test(encoding)) return
    throw refusal(
      `a document that says its encoding is ${encoding.slice(0, 100)}`,
      'Convert it, its declaration included.',
    )
  })
  parser.on('doctype', () => {
    throw refusal('a DOCTYPE', 'WeChat Pay sends none; its entities could read files or fill the memory.')
  })
  parser.on('opentagstart', ({ name }) => tree.open(name))
  parser.on('text', text => tree.addText(text))
  parser.on('cdata', text => tree.addText(text))
  parser.on('closetag', () => tree.close())
  return parser
}

/** The elements that are open while a document is read, outermost first. */
class Tree {
  root: XmlFields = {}
  readonly #open: OpenElement[] = []

  open(name: string): void {
    if (this.#open.length >= MAX_DEPTH)
      throw refusal(`more than ${MAX_DEPTH} levels`, 'WeChat Pay sends no such thing.')
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
      'Text belongs into an element of its own.',
    )
  }
  return Object.fromEntries(children)
}

function add(children: Map<string, XmlValue>, name: string, value: string | XmlFields): void {
  const present = children.get(name)
  if (Array.isArray(present)) present.push(value)
  else children.set(name, present === undefined ? value : [present, value])
}

function decode(xml: string | Uint8Array): string {
  if (typeof xml !== 'string' && !(xml instanceof Uint8Array)) {
    throw refusal(xml === null ? 'null' : `a value of type ${typeof xml}`, 'Pass the text or the bytes of a document.')
  }
  if (xml.length > MAX_SIZE) throw refusal(`more than ${MAX_SIZE} bytes`, 'WeChat Pay sends no such thing.')
  if (typeof xml === 'string') return xml
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(xml)
  } catch (cause) {
    throw refusal('bytes that are not UTF-8', 'Pass the bytes exactly as received; WeChat Pay writes UTF-8.', cause)
  }
}

function refusal(found: string, cure: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`xml: found ${found}, expected a document of fields. ${cure}`, { cause })
}
