// A hundred small modules take longer to load than to run, which serverless users pay for at every cold start. So the
// compiler's output is joined, in place: a file for each entry point, and a few for what they share or load later.
import { cp, readdir, rm } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { defineConfig } from 'rolldown'

const folder = resolve(import.meta.dirname, 'dist')
const generated = 'types/generated'

const entries = {
  index: resolve(folder, 'index.js'),
  'simulator/index': resolve(folder, 'simulator/index.js'),
  'telemetry/opentelemetry': resolve(folder, 'telemetry/opentelemetry.js'),
}

/**
 * The names that stack traces show: `core` is what the client and the simulator load at once, `client` what the client
 * loads besides. What is loaded later has the name of its module.
 *
 * @param {string} id
 * @param {import('rolldown').ChunkingContext} context
 */
function chunkOf(id, context) {
  const isInClient = loadedWith(entries.index, context).has(id)
  const isInSimulator = loadedWith(entries['simulator/index'], context).has(id)
  if (isInClient && id !== entries.index) return isInSimulator ? 'core' : 'client'
  return null
}

/**
 * @param {string} entry
 * @param {import('rolldown').ChunkingContext} context
 * @param {Set<string>} found
 */
function loadedWith(entry, context, found = new Set()) {
  if (found.has(entry)) return found
  found.add(entry)
  for (const id of context.getModuleInfo(entry)?.importedIds ?? []) loadedWith(id, context, found)
  return found
}

export default defineConfig({
  input: entries,
  platform: 'node',
  // Demanded by the option of `codeSplitting` below. The entry points gain no export.
  preserveEntrySignatures: 'allow-extension',
  // The CommonJS files load a dependency when it is needed; joined, they would no longer be seen by bundlers.
  external: /^[^./]|\.cjs$/,
  // What one entry point loads at once another may still load later.
  onLog(level, log, handler) {
    if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handler(level, log)
  },
  output: {
    dir: folder,
    chunkFileNames: ({ name }) => (name === 'v2' ? 'apiv2.js' : '[name].js'),
    codeSplitting: { groups: [{ name: chunkOf, debugName: 'core and client' }], includeDependenciesRecursively: false },
  },
  plugins: [
    {
      name: 'remove the modules that were joined, and add the declarations that are not compiled',
      async writeBundle(_options, bundle) {
        const files = await readdir(folder, { recursive: true })
        const joined = files
          .map(file => file.replaceAll(sep, '/'))
          .filter(file => file.endsWith('.js') && !file.startsWith('cli/') && !(file in bundle))
        await Promise.all(joined.map(file => rm(resolve(folder, file))))
        await cp(resolve(import.meta.dirname, 'lib', generated), resolve(folder, generated), {
          recursive: true,
          filter: file => !file.endsWith('.ts') || file.endsWith('.d.ts'),
        })
      },
    },
  ],
})
