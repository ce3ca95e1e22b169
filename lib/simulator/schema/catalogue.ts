/** The catalogue: every operation of the two OpenAPI documents of this package, read on the first request. */
import { memoize } from '../../util/memoize.js'
import { documents } from './documents.cjs'

export type DocumentName = 'v3' | 'v2'

/** The parts of a schema that the simulator itself reads. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly title?: string
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly enum?: readonly unknown[]
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly contentMediaType?: string
  readonly contentSchema?: Schema
  /** Whether only the values of `enum` are valid. */
  readonly 'x-closed'?: boolean
  readonly 'x-encrypted'?: string
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: Schema
}

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof METHODS)[number]

/** A schema at its place in a document, for the validator. */
export interface PlacedSchema {
  readonly schema: Schema
  /** A JSON pointer into the document. */
  readonly pointer: string
}

/** A documented call. */
export interface Operation {
  readonly document: DocumentName
  readonly method: Method
  /** The documented path, such as `/v3/pay/transactions/id/{transaction_id}`. */
  readonly path: string
  /** The path prefix of the operation's host, such as `/hk`. Mostly empty. */
  readonly prefix: string
  readonly parameters: readonly (PlacedSchema & Parameter)[]
  /** The JSON or the XML of the request; undefined for none and for a form. */
  readonly payload: PlacedSchema | undefined
  readonly response: ResponseDefinition
  /** The documented callers; mostly empty for APIv2. */
  readonly roles: readonly string[]
}

/** The documented success of an operation. */
export interface ResponseDefinition {
  readonly statusCode: number
  /** The JSON or the XML of the response. */
  readonly content: PlacedSchema | undefined
  readonly mediaType: 'application/json' | 'application/xml' | 'application/octet-stream' | undefined
}

interface Content {
  readonly schema?: Schema
}

interface Definition {
  readonly servers?: readonly { readonly url: string }[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>
  readonly 'x-roles'?: readonly string[]
}

interface Webhook {
  readonly post: { readonly requestBody: { readonly content: Readonly<Record<string, Content>> } }
}

interface OpenApiDocument {
  readonly webhooks: Readonly<Record<string, Webhook>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, Definition>>>>
}

const PAYLOADS = ['application/json', 'application/xml'] as const
const MEDIA_TYPES = [...PAYLOADS, 'application/octet-stream'] as const

/** The parsed document. Every simulator of a process shares it, so it must not be changed. */
export function readDocument(name: DocumentName): OpenApiDocument {
  return documents[name]()
}

/** Every operation of a document. */
export const operationsOf: (name: DocumentName) => readonly Operation[] = memoize(name => {
  const document = name === 'v2' ? 'v2' : 'v3'
  return Object.entries(readDocument(document).paths).flatMap(([path, item]) =>
    METHODS.flatMap(method => {
      const definition = item[method.toLowerCase()]
      return definition ? [readOperation({ document, method, path }, definition)] : []
    }),
  )
})

/**
 * The schema of the content of a notification, by its event type; undefined for an undocumented one. If there are
 * several forms, it is the first, that of a direct merchant.
 */
export function webhookOf(document: DocumentName, eventType: string): Schema | undefined {
  const { webhooks } = readDocument(document)
  const webhook = Object.hasOwn(webhooks, eventType) ? webhooks[eventType] : undefined
  const { content = {} } = webhook?.post.requestBody ?? {}
  const schema = PAYLOADS.map(type => content[type]?.schema).find(found => found !== undefined)
  return schema?.anyOf?.[0] ?? schema
}

/** The event types of the documented notifications. */
export function eventTypesOf(document: DocumentName): readonly string[] {
  return Object.keys(readDocument(document).webhooks)
}

/** Resolves a reference to a schema. A `title` beside the reference is kept. */
export function resolve(document: DocumentName, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema
  const { $ref, ...beside } = schema
  const found = $ref.split('/').slice(1).reduce<unknown>(member, readDocument(document))
  return { ...resolve(document, asSchema(found)), ...beside }
}

function member(parent: unknown, name: string): unknown {
  return typeof parent === 'object' && parent !== null ? Reflect.get(parent, name) : undefined
}

function asSchema(found: unknown): Schema {
  if (typeof found === 'object' && found !== null) return found
  throw new TypeError('The catalogue refers to an unknown schema.')
}

function readOperation(
  { document, method, path }: Pick<Operation, 'document' | 'method' | 'path'>,
  { servers, parameters = [], requestBody, responses, 'x-roles': roles = [] }: Definition,
): Operation {
  const own = ['paths', path, method.toLowerCase()]
  return {
    document,
    method,
    path,
    prefix: servers?.[0] ? new URL(servers[0].url).pathname.replace(/\/$/, '') : '',
    parameters: parameters.map((parameter, index) => ({
      ...parameter,
      pointer: pointerTo(...own, 'parameters', String(index), 'schema'),
    })),
    payload: placed(requestBody?.content, PAYLOADS, [...own, 'requestBody']),
    response: readResponse(responses, own),
    roles,
  }
}

function readResponse(responses: Definition['responses'], own: readonly string[]): ResponseDefinition {
  const status = Object.keys(responses).find(code => code.startsWith('2')) ?? '204'
  const { content } = responses[status] ?? {}
  return {
    statusCode: Number(status),
    content: placed(content, PAYLOADS, [...own, 'responses', status]),
    mediaType: MEDIA_TYPES.find(type => content?.[type]),
  }
}

function placed(
  content: Readonly<Record<string, Content>> | undefined,
  types: readonly string[],
  above: readonly string[],
): PlacedSchema | undefined {
  const type = types.find(name => content?.[name]?.schema)
  const schema = type === undefined ? undefined : content?.[type]?.schema
  if (type === undefined || schema === undefined) return undefined
  return { schema, pointer: pointerTo(...above, 'content', type, 'schema') }
}

function pointerTo(...steps: string[]): string {
  return steps.map(step => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
