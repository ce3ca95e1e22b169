/** Writes everything that is generated from the catalogue: the bundles, the types and the table of facts. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printEventFacts, printEvents } from './events.mjs'
import { printFacts } from './facts.mjs'
import { listCalls } from './model.mjs'
import { publish } from './publish.mjs'
import { readDocument } from './read.mjs'
import { printRoutes } from './routes.mjs'
import { printSchemas } from './shared.mjs'
import { printTree } from './tree.mjs'

const project = join(import.meta.dirname, '../..')

const documents = { v3: readDocument('v3'), v2: readDocument('v2') }
const calls = listCalls(documents)

fill(join(project, 'dist/openapi'), { 'v3.json': publish(documents.v3), 'v2.json': publish(documents.v2) })

// For the documentation.
fill(join(project, 'docs/generated'), {
  'v3.json': JSON.stringify(documents.v3),
  'v2.json': JSON.stringify(documents.v2),
})

fill(
  join(project, 'lib/types/generated'),
  withHeader({
    ...printSchemas(calls, documents),
    ...printTree(calls),
    'routes.d.ts': printRoutes(calls),
    'events.d.ts': printEvents(documents),
    'facts.ts': printFacts(calls),
    'event-facts.ts': printEventFacts(documents.v3),
  }),
)

/** @param {Record<string, string>} files */
function withHeader(files) {
  return Object.fromEntries(
    Object.entries(files).map(([file, content]) => [file, `/** Generated from openapi/, do not edit. */\n${content}`]),
  )
}

/**
 * Writes the files, and removes all others in the folder.
 * @param {string} folder
 * @param {Record<string, string>} files
 */
function fill(folder, files) {
  mkdirSync(folder, { recursive: true })
  for (const file of readdirSync(folder)) if (!(file in files)) rmSync(join(folder, file))
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content)
}
