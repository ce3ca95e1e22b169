/** The part of OpenAPI 3.1 that the catalogue uses, with the extensions that openapi/README.md explains. */

export interface Schema {
  $ref?: string
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  title?: string
  format?: string
  enum?: readonly (string | number)[]
  examples?: readonly unknown[]
  minLength?: number
  maxLength?: number
  properties?: Record<string, Schema>
  required?: readonly string[]
  items?: Schema
  allOf?: readonly Schema[]
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  not?: Schema
  contentMediaType?: string
  contentSchema?: Schema
  xml?: { name: string }
  'x-closed'?: boolean
  'x-encrypted'?: 'platform' | 'merchant' | 'bank' | 'apiv3' | 'apiv2'
  'x-original-types'?: readonly string[]
  'x-unit'?: string
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Schema
  example?: unknown
  'x-slashes'?: boolean
}

export interface MediaType {
  schema?: Schema
  example?: unknown
}

/** An operation as its file has it: what is the same everywhere is left out. */
export interface OperationSource extends Partial<Omit<Operation, 'requestBody' | 'responses' | 'operationId'>> {
  summary: string
  requestBody?: { content: Record<string, MediaType> }
  responses?: Record<string, { content?: Record<string, MediaType> }>
}

export interface Operation {
  operationId: string
  summary: string
  parameters?: Parameter[]
  requestBody?: { required: boolean; content: Record<string, MediaType> }
  responses: Record<string, { description: string; content?: Record<string, MediaType> }>
  servers?: readonly { url: string }[]
  security?: readonly Record<string, readonly string[]>[]
  externalDocs?: { url: string }
  'x-docs'?: readonly string[]
  'x-note'?: string
  'x-path-aliases'?: readonly string[]
  'x-errors'?: readonly DocumentedError[]
  'x-event-types'?: readonly string[]
  'x-original-types'?: readonly string[]
  'x-follows'?: readonly string[]
  'x-nonceless'?: boolean
  'x-unsigned'?: boolean
  'x-encrypted-padding'?: 'pkcs1'
}

export interface DocumentedError {
  status: number
  code: string
  /** As the official page has it. */
  meaning: string
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

export type PathItem = Partial<Record<Method, Operation>>

export interface Document {
  openapi: string
  info: { title: string; version: string }
  servers: readonly { url: string }[]
  paths: Record<string, PathItem>
  webhooks: Record<string, PathItem>
  components: { schemas: Record<string, Schema> } & Record<string, unknown>
}

export type Api = 'v2' | 'v3'
