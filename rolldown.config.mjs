// A hundred small modules take longer to load than to run, which serverless users pay for at every cold start. So the
// compiler's output is joined, in place: a file for each entry point, and a few for what they share or load later.
import { readdir, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { defineConfig } from 'rolldown'

const folder = resolve(import.meta.dirname, 'dist')

export default defineConfig({
  input: { index: 'dist/index.js', 'simulator/index': 'dist/simulator/index.js' },
  platform: 'node',
  external: /^[^./]/,
  // What one entry point loads at once another may still load later.
  onLog(level, log, handler) {
    if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handler(level, log)
  },
  output: { dir: folder, chunkFileNames: 'shared.js' },
  plugins: [
    {
      name: 'remove the modules that were joined',
      async writeBundle(_options, bundle) {
        const files = await readdir(folder, { recursive: true })
        const joined = files.filter(file => file.endsWith('.js') && !file.startsWith('cli/') && !(file in bundle))
        await Promise.all(joined.map(file => rm(resolve(folder, file))))
      },
    },
  ],
})
