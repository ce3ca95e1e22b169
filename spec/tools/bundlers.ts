/** The bundlers that users have, each set up as its own documentation shows for a program that runs on Node. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { rolldown } from 'rolldown'
import webpack from 'webpack'

/** Writes the bundle of the program into the folder, and returns the name of the file to run. */
type Bundler = (program: string, folder: string) => Promise<string>

// undici is CommonJS and requires modules of Node, which esbuild does not translate.
const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

export const BUNDLERS: Readonly<Record<string, Bundler>> = {
  'esbuild to CommonJS': async (program, folder) => {
    await build({ entryPoints: [program], outfile: join(folder, 'main.cjs'), bundle: true, platform: 'node' })
    return 'main.cjs'
  },

  'esbuild to ESM': async (program, folder) => {
    const outfile = join(folder, 'main.mjs')
    await build({
      entryPoints: [program],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: banner },
    })
    return 'main.mjs'
  },

  rollup: async (program, folder) => {
    // undici requires node:sqlite when it is needed; rollup would import it at once, and Node 20 has none.
    const plugins = ['--plugin', 'node-resolve', '--plugin', 'commonjs={ignore:["node:sqlite"]}']
    await command(
      process.cwd(),
      'rollup/dist/bin/rollup',
      program,
      '--dir',
      folder,
      '--entryFileNames',
      '[name].mjs',
      ...plugins,
    )
    return 'main.mjs'
  },

  rolldown: async (program, folder) => {
    const bundle = await rolldown({ input: program, platform: 'node' })
    await bundle.write({ dir: folder, format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' })
    await bundle.close()
    return 'main.mjs'
  },

  webpack: async (program, folder) => {
    const compiler = webpack({
      entry: program,
      target: 'node',
      mode: 'production',
      optimization: { minimize: false },
      output: { path: folder, filename: 'main.cjs', chunkFilename: '[name].cjs' },
    })
    const errors = await new Promise<unknown[]>((done, fail) =>
      compiler.run((error, stats) =>
        error ? fail(error) : done(stats?.toJson({ all: false, errors: true }).errors ?? []),
      ),
    )
    if (errors.length > 0) throw new Error(JSON.stringify(errors))
    return 'main.cjs'
  },

  ncc: async (program, folder) => {
    // Where it runs, it would use the TypeScript of this project, of which it knows no version 7.
    await command(dirname(program), '@vercel/ncc/dist/ncc/cli.js', 'build', program, '--out', folder, '--no-cache')
    return 'index.mjs'
  },
}

async function command(cwd: string, name: string, ...args: string[]): Promise<void> {
  const file = createRequire(import.meta.url).resolve(name)
  await promisify(execFile)(process.execPath, [file, ...args], { cwd })
}
