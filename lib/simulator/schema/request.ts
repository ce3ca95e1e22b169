/** Checks the parameters and the payload of a request against the schemas of its operation. */
import type { IncomingHttpHeaders } from 'node:http'
import type { DocumentName, Operation, Schema } from './catalogue.js'
import { resolve } from './catalogue.js'
import { compile, refer, type Validate } from './validator.js'
import { bodyError, parameterError, type Violation, violationOf } from './violation.js'

/** The values of a request as they arrived. */
export interface ReceivedParameters {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
}

/** Values by their names, converted to the documented types. */
export type Values = Readonly<Record<string, unknown>>

interface Validators {
  readonly parameters: Readonly<Record<Place, Validate | undefined>>
  readonly payload: Validate | undefined
}

type Place = (typeof PLACES)[number]

const PLACES = ['path', 'query', 'header'] as const

/**
 * Returns the parameters of the path and of the query.
 *
 * @throws ApiError 400 `PARAM_ERROR` that names the first invalid parameter. Undocumented ones are accepted.
 */
export async function checkParameters(operation: Operation, received: ReceivedParameters): Promise<Values> {
  const { parameters } = await validatorsOf(operation)
  const checked = PLACES.map(place => {
    const values = readParameters(operation, place, received)
    const failures = parameters[place]?.(values)
    if (!failures) return place === 'header' ? {} : values
    throw parameterError(violationOf(failures, values, operation.document, parametersSchema(operation, place)), place)
  })
  return Object.assign({}, ...checked)
}

/** @throws ApiError 400 `PARAM_ERROR` that names the first invalid field. Undocumented ones are accepted. */
export async function checkBody(operation: Operation, body: unknown): Promise<void> {
  const violation = await findViolation(operation, body)
  if (violation) throw bodyError(violation)
}

/** The first violation in a payload, JSON or the fields of APIv2; undefined for a valid one. */
export async function findViolation(operation: Operation, payload: unknown): Promise<Violation | undefined> {
  const failures = (await validatorsOf(operation)).payload?.(payload)
  if (!failures || !operation.payload) return undefined
  return violationOf(failures, payload, operation.document, operation.payload.schema)
}

/**
 * Checks a payload against rules that the documents give in prose, such as the pattern of a number. The labels in the
 * errors are those of the operation's own schema.
 *
 * @throws ApiError 400 `PARAM_ERROR` that names the first invalid field.
 */
export async function checkRules({ document, payload }: Operation, rules: Schema, body: unknown): Promise<void> {
  const validate = compiledRules.get(rules) ?? compile({ ...rules })
  compiledRules.set(rules, validate)
  const failures = (await validate)(body)
  if (failures) throw bodyError(violationOf(failures, body, document, payload?.schema ?? {}))
}

const compiledRules = new WeakMap<Schema, Promise<Validate>>()

/**
 * Converts the string of a parameter or of a field of APIv2; a string that cannot be converted is returned unchanged.
 */
export function convert(document: DocumentName, schema: Schema, value: string): unknown {
  const { type } = resolve(document, schema)
  if (type === 'integer' && /^-?\d+$/.test(value)) return Number(value)
  if (type === 'number' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value)
  if (type === 'boolean' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true'
  return value
}

const validators = new WeakMap<Operation, Promise<Validators>>()

function validatorsOf(operation: Operation): Promise<Validators> {
  const known = validators.get(operation)
  if (known) return known
  const compiled = compileAll(operation)
  validators.set(operation, compiled)
  return compiled
}

async function compileAll(operation: Operation): Promise<Validators> {
  const { document, payload } = operation
  const compileParameters = async (place: Place) => {
    const here = parametersAt(operation, place)
    if (here.length === 0) return undefined
    const properties = here.map(({ name, pointer }) => [name, refer(document, pointer)] as const)
    const { required } = parametersSchema(operation, place)
    return compile({ type: 'object', required, properties: Object.fromEntries(properties) })
  }
  const [path, query, header] = await Promise.all(PLACES.map(compileParameters))
  return {
    parameters: { path, query, header },
    payload: payload && (await compile(refer(document, payload.pointer))),
  }
}

function parametersAt({ parameters }: Operation, place: Place): Operation['parameters'] {
  return parameters.filter(parameter => parameter.in === place)
}

/** The parameters at one place, as the properties of an object. */
function parametersSchema(operation: Operation, place: Place): Schema {
  const here = parametersAt(operation, place)
  return {
    required: here.filter(({ required }) => required).map(({ name }) => name),
    properties: Object.fromEntries(here.map(({ name, schema }) => [name, schema])),
  }
}

// An empty value counts as missing: `?mchid=` does not name a merchant.
function readParameters(operation: Operation, place: Place, received: ReceivedParameters): Values {
  const { document } = operation
  const entries = parametersAt(operation, place).flatMap(({ name, schema }): [string, unknown][] => {
    const found = valuesOf(name, place, received)
    const [first] = found
    if (first === undefined || first === '') return []
    if (resolve(document, schema).type === 'array') return [[name, found.flatMap(value => value.split(','))]]
    return [[name, convert(document, schema, first)]]
  })
  return Object.fromEntries(entries)
}

function valuesOf(name: string, place: Place, { params, query, headers }: ReceivedParameters): string[] {
  if (place === 'query') return query.getAll(name)
  const value = place === 'path' ? params[name] : headers[name.toLowerCase()]
  return value === undefined ? [] : [value].flat()
}
