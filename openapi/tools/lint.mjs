/** Fails if the catalogue breaks a rule of openapi/README.md that OpenAPI itself cannot express. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkErrors } from './errors.mjs'
import { checkFollows } from './follows.mjs'
import { readDocument } from './read.mjs'
import { checkSamples } from './samples.mjs'
import { checkWords } from './words.mjs'

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

const problems = /** @type {const} */ (['v3', 'v2']).flatMap(api => {
  const document = readDocument(api)
  const checks = [
    checkErrors(document),
    checkFollows(document),
    checkSamples(document, api),
    checkWords(document, readme),
  ]
  const found = checks.flat()
  return found.map(problem => `API${api} ${problem}`)
})

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
