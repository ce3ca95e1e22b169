/** The two OpenAPI documents that `npm run generate` writes for this site, read once. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Api, Document } from '../../../openapi/tools/openapi.js'

/** @param folder Where the documents are. */
export function readDocuments(folder: string): Record<Api, Document> {
  const read = (api: Api): Document => JSON.parse(readFileSync(resolve(folder, `${api}.json`), 'utf8'))
  return { v3: read('v3'), v2: read('v2') }
}
