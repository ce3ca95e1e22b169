/** The two OpenAPI documents that `npm run generate` writes, and what notifications follow from, read once. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Api, Document } from '../../../openapi/tools/openapi.js'
import { readFollows } from '../../../openapi/tools/read.mjs'

export interface Documents extends Record<Api, Document> {
  /** By the name of the notification: the operations that it follows from, `post /v3/refund/domestic/refunds`. */
  follows: Record<Api, Record<string, readonly string[]>>
}

/** @param project The folder of this package. */
export function readDocuments(project: string): Documents {
  const read = (api: Api): Document => JSON.parse(readFileSync(resolve(project, `dist/openapi/${api}.json`), 'utf8'))
  const follows = (api: Api) => readFollows(api, resolve(project, 'openapi'))
  return { v3: read('v3'), v2: read('v2'), follows: { v3: follows('v3'), v2: follows('v2') } }
}
