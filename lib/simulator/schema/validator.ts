/** Validators of the catalogue's schemas. Each is compiled on first use and shared by all simulators of a process. */
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { type DocumentName, readDocument } from './catalogue.js'

/** A JSON Schema that may refer to a document: `{ $ref: 'v3#/components/schemas/Payer' }`. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Why a value is invalid: the first error, with the errors that caused it. */
export type Failures = readonly [ErrorObject, ...ErrorObject[]]

/** Returns undefined for a valid value. */
export type Validate = (value: unknown) => Failures | undefined

/**
 * Compiles a schema. An `enum` without `x-closed` accepts every value, because WeChat Pay adds values: a merchant must
 * be able to test a new one.
 */
export async function compile(schema: JsonSchema): Promise<Validate> {
  ajv ??= createAjv()
  const validate: ValidateFunction = (await ajv).compile(schema)
  return value => {
    if (validate(value)) return undefined
    const [first, ...more] = validate.errors ?? []
    return first && [first, ...more]
  }
}

/** A reference to a place in a document. */
export function refer(document: DocumentName, pointer: string): JsonSchema {
  // A pointer in a URI: the braces of a path's placeholders are percent-encoded.
  return { $ref: `${document}#${pointer.split('/').map(encodeURIComponent).join('/')}` }
}

type Ajv = Awaited<ReturnType<typeof createAjv>>

let ajv: Promise<Ajv> | undefined

async function createAjv() {
  // Loading takes a tenth of a second, which the start of a simulator must not wait for.
  const { Ajv2020, formats } = (await import('./ajv.cjs')).default
  // Optimizing the code takes longer than it saves, because most validators are used only a few times.
  const created = new Ajv2020({ strict: false, validateSchema: false, verbose: true, code: { optimize: false } })
  formats(created, ['date', 'date-time', 'uri', 'int32', 'int64'])
  created.removeKeyword('enum')
  created.addKeyword({
    keyword: 'enum',
    compile:
      (values: readonly unknown[], { 'x-closed': isClosed }) =>
      value =>
        isClosed !== true || values.includes(value),
  })
  for (const name of ['v3', 'v2'] as const) created.addSchema(readDocument(name), name)
  return created
}
