// A hundred small modules take longer to load than to run, which serverless users pay for at every cold start. So the
// compiler's output is joined, in place: a file for each entry point, and a few for what they share or load later.
import { cp, readdir, rm } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { defineConfig } from 'rolldown'

const folder = resolve(import.meta.dirname, 'dist')
const generated = 'types/generated'

/** What a file of shared code is called in a stack trace: by the first of these modules that is in it. */
const NAMES = {
  'client/client.js': 'client',
  'protocol/v2/v2.js': 'apiv2',
  'files/upload-file.js': 'files',
  'protocol/payload.js': 'payload',
  'crypto/rsa.js': 'core',
  'response.js': 'response',
}

/**
 * Without one of them, by the folder of its last module.
 * @param {{ moduleIds: string[] }} chunk
 */
function nameOf({ moduleIds }) {
  // What rolldown adds itself has no path.
  const modules = moduleIds.filter(id => isAbsolute(id)).map(id => relative(folder, id).replaceAll(sep, '/'))
  const [, name] = Object.entries(NAMES).find(([module]) => modules.includes(module)) ?? []
  const last = modules.at(-1)
  if (name !== undefined || last === undefined) return `${name ?? 'runtime'}.js`
  return last.includes('/') ? `${dirname(last).replaceAll('/', '-')}.js` : last
}

export default defineConfig({
  input: {
    index: 'dist/index.js',
    'simulator/index': 'dist/simulator/index.js',
    'telemetry/opentelemetry': 'dist/telemetry/opentelemetry.js',
  },
  platform: 'node',
  // The CommonJS files load a dependency when it is needed; joined, they would no longer be seen by bundlers.
  external: /^[^./]|\.cjs$/,
  // What one entry point loads at once another may still load later.
  onLog(level, log, handler) {
    if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handler(level, log)
  },
  output: { dir: folder, chunkFileNames: nameOf },
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
