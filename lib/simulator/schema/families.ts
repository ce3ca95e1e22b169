/** Finds the operations that create, read, change and delete the same things, by their paths. */
import { memoize } from '../../util/memoize.js'
import { type DocumentName, type Method, type Operation, operationsOf, resolve } from './catalogue.js'

/** How an operation relates to things that are created through the same API. */
export interface Family {
  /** The operations that create such a thing, by their paths. Empty if unknown. */
  readonly sources: readonly string[]
  /** The parameters that name the thing: `['out_trade_no']`. */
  readonly names: readonly string[]
}

const NONE: Family = { sources: [], names: [] }
const CREATING: readonly Method[] = ['POST', 'PUT']
/** Parameters that name the caller or a party, not something that was created. */
const PARTIES = /mchid$|openid$|appid$|^brand_id$/
const NUMBER = /(?:_no|_id|_code)$/
/** The merchant's own numbers for the things that it creates and for requests. */
const MERCHANT_NUMBER = /^(?:combine_)?out_\w+_(?:no|id|code)$|^business_code$|^merchant_(?:sign_)?plan_no$/
const REQUEST_NUMBER = /_request_no$/

/** What the path or the query of an operation names: `/v3/…/orders/{out_order_no}/close` names an order. */
export function familyOf(operation: Operation): Family {
  return compute(families, operation, () => {
    const { collection, names } = placeOf(operation)
    if (names.length === 0) return NONE
    const creators = creatorsOf(operation.document).filter(
      creator => isIn(creator.template, collection) && creator.fields.some(name => names.includes(name)),
    )
    return { sources: creators.map(({ path }) => path), names }
  })
}

/** The names by which other operations find what this operation creates. */
export function keysOf(operation: Operation): readonly string[] {
  return compute(keys, operation, () => {
    if (!CREATING.includes(operation.method)) return []
    const own = fieldsOf(operation)
    const readers = operationsOf(operation.document).filter(other => familyOf(other).sources.includes(operation.path))
    return [...new Set(readers.flatMap(reader => familyOf(reader).names))].filter(name => own.includes(name))
  })
}

/** The required fields of the payload with the merchant's own numbers for what the operation creates or carries out. */
export function merchantNumbersOf(operation: Operation): readonly string[] {
  return compute(numbers, operation, () => {
    if (operation.method === 'GET' || !operation.payload) return []
    const { required = [] } = resolve(operation.document, operation.payload.schema)
    const found = keysOf(operation)
    return required.filter(name => REQUEST_NUMBER.test(name) || (MERCHANT_NUMBER.test(name) && found.includes(name)))
  })
}

const families = new WeakMap<Operation, Family>()
const keys = new WeakMap<Operation, readonly string[]>()
const numbers = new WeakMap<Operation, readonly string[]>()

function compute<Result>(known: WeakMap<Operation, Result>, operation: Operation, step: () => Result): Result {
  const before = known.get(operation)
  if (before) return before
  const result = step()
  known.set(operation, result)
  return result
}

/**
 * `/v3/x/batches/out-batch-no/{out_batch_no}/close` names a batch of the collection `/v3/x/batches` by `out_batch_no`:
 * a segment that only announces a number does not belong to the collection. Without placeholders, the required numbers
 * of the query name a thing of the path itself.
 */
function placeOf({ method, path, parameters }: Operation): { collection: string; names: string[] } {
  const segments = path.split('/')
  const last = segments.findLastIndex(isPlaceholder)
  if (last < 0) {
    const required = parameters.filter(parameter => parameter.in === 'query' && parameter.required)
    const named = required.map(({ name }) => name).filter(name => NUMBER.test(name) && !PARTIES.test(name))
    return { collection: path, names: method === 'GET' ? named : [] }
  }
  const names: string[] = []
  let end = last + 1
  while (end > 0 && isPlaceholder(segments[end - 1])) {
    const name = nameOf(segments[end - 1])
    names.unshift(name)
    end -= 1
    if (!says(segments[end - 1], name)) break
    end -= 1
  }
  const collection = template(segments.slice(0, end))
  return { collection, names: names.some(name => PARTIES.test(name)) ? [] : names }
}

/** Whether a path creates something in a collection: the path itself, or one below it as in `/transactions/native`. */
function isIn(creator: string, collection: string): boolean {
  if (!creator.startsWith(collection)) return false
  const below = creator.slice(collection.length)
  return below === '' || (below.startsWith('/') && !below.includes('{'))
}

interface Creator {
  readonly path: string
  readonly template: string
  readonly fields: readonly string[]
}

const creatorsOf: (document: DocumentName) => readonly Creator[] = memoize(name =>
  operationsOf(name === 'v2' ? 'v2' : 'v3')
    .filter(({ method }) => CREATING.includes(method))
    .map(operation => ({
      path: operation.path,
      template: template(operation.path.split('/')),
      fields: fieldsOf(operation),
    })),
)

/** The names of the fields of the payload and of the response. */
function fieldsOf({ document, payload, response }: Operation): string[] {
  return [payload, response.content].flatMap(placed =>
    placed ? Object.keys(resolve(document, placed.schema).properties ?? {}) : [],
  )
}

function isPlaceholder(segment = ''): boolean {
  return segment.startsWith('{')
}

function nameOf(segment = ''): string {
  return segment.slice(1, -1)
}

/** Whether a segment only announces a number, such as `out-trade-no` or `id`. */
function says(segment = '', name: string): boolean {
  return segment === 'id' || name.endsWith(segment.replaceAll('-', '_'))
}

function template(segments: readonly string[]): string {
  return segments.map(segment => (isPlaceholder(segment) ? '{}' : segment)).join('/')
}
