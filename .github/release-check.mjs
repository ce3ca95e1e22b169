// Refuses a release that is not complete: `node .github/release-check.mjs v1.2.3`, without a tag before one is made.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'

// They depend on the publisher. Without `repository`, npm attaches no provenance; the others show users where to get
// help.
const FIELDS = ['repository', 'bugs', 'homepage']

/**
 * What is missing, one sentence each.
 * @param {{ manifest: Record<string, unknown>, changelog: string, tag?: string | undefined }} release
 */
export function problemsOf({ manifest, changelog, tag }) {
  const version = String(manifest.version)
  const problems = FIELDS.filter(field => !manifest[field]).map(
    field => `package.json has no \`${field}\`. Add that of the repository that publishes this package.`,
  )
  if (tag !== undefined && tag !== `v${version}`) {
    problems.push(`The tag is ${tag}, but the version in package.json is ${version}. Tag v${version}.`)
  }
  if (!isDated(changelog, version)) {
    problems.push(`CHANGELOG.md has no section with a date for ${version}. Write "## ${version} - YYYY-MM-DD".`)
  }
  return problems
}

/**
 * @param {string} changelog
 * @param {string} version
 */
function isDated(changelog, version) {
  return changelog.split('\n').some(line => {
    const [, title, date = ''] = /^## \[?([^\s\]]+)\]? - (\d{4}-\d{2}-\d{2})$/.exec(line.trimEnd()) ?? []
    return title === version && !Number.isNaN(Date.parse(date))
  })
}

if (process.argv[1] === import.meta.filename) {
  const read = (/** @type {string} */ file) => readFileSync(resolve(import.meta.dirname, '..', file), 'utf8')
  const problems = problemsOf({
    manifest: JSON.parse(read('package.json')),
    changelog: read('CHANGELOG.md'),
    tag: process.argv[2],
  })
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
