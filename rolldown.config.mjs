// A hundred small modules take longer to load than to run, which serverless users pay for at every cold start. So the
// compiler's output is joined, in place: a file for each entry point, and a few for what they share or load later.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve, sep } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { defineConfig } from 'rolldown'
import { minify, parse } from 'rolldown/utils'

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

/**
 * A CommonJS file with the packages that it requires, in its own place.
 *
 * @param {string} file
 */
const withPackages = file =>
  defineConfig({
    input: resolve(folder, file),
    platform: 'node',
    output: { file: resolve(folder, file), format: 'cjs', minify: true },
  })

/**
 * The declarations that a compiler reads from one of them on.
 *
 * @param {string} file
 * @param {Set<string>} found
 */
async function declaredWith(file, found) {
  if (found.has(file)) return
  found.add(file)
  const imports = (await readFile(file, 'utf8')).matchAll(/(?:\bfrom|\bimport\(|\bimport)\s*['"](\.[^'"]+)['"]/g)
  for (const [, path = ''] of imports) {
    await declaredWith(resolve(dirname(file), path.replace(/\.(c?)js$/, '.d.$1ts')), found)
  }
}

/** The generated declarations, without the indentation, which is a twentieth of them. */
async function addGenerated() {
  await mkdir(resolve(folder, generated), { recursive: true })
  const from = resolve(import.meta.dirname, 'lib', generated)
  const declarations = (await readdir(from)).filter(file => file.endsWith('.d.ts'))
  for (const file of declarations) {
    const text = await readFile(resolve(from, file), 'utf8')
    await writeFile(resolve(folder, generated, file), text.replace(/^ +/gm, ''))
  }
}

/**
 * Rolldown's own function goes into `core`: each file more costs a cold start half a millisecond.
 *
 * @param {import('rolldown').OutputBundle} bundle
 */
async function joinRuntime(bundle) {
  const name = 'rolldown-runtime.js'
  const runtime = resolve(folder, name)
  const code = (await readFile(runtime, 'utf8')).replace(/^export .*$/m, 'export { __exportAll };')
  for (const chunk of Object.values(bundle)) {
    if (chunk.type !== 'chunk' || !chunk.imports.includes(name)) continue
    const file = resolve(folder, chunk.fileName)
    const joined = (await readFile(file, 'utf8')).replace(
      /^import \{ \w+ as __exportAll \} from "(.*)rolldown-runtime\.js";$/m,
      (_, path) => (chunk.fileName === 'core.js' ? code : `import { __exportAll } from "${path}core.js";`),
    )
    await writeFile(file, joined)
  }
  await rm(runtime)
}

/**
 * The largest files without blanks, each declaration on a line of its own for stack traces. What servers load keeps its
 * names and statements, for those who debug into it; the simulator, which is larger, keeps the names of its functions.
 */
async function packLargest() {
  const codegen = { removeWhitespace: true }
  await pack('client.js', { compress: false, mangle: false, codegen })
  await pack('core.js', { compress: false, mangle: false, codegen })
  // A declaration is not unused because nothing beside it uses it.
  const compress = { unused: false, keepNames: { function: true, class: true } }
  await pack('simulator/index.js', { compress, mangle: { toplevel: false, keepNames: true }, codegen })
}

/**
 * @param {string} name
 * @param {import('rolldown/utils').MinifyOptions} options
 */
async function pack(name, options) {
  const file = resolve(folder, name)
  const code = await readFile(file, 'utf8')
  const { program } = await parse(file, code)
  const lines = program.body.map(async ({ type, start, end }) => {
    const statement = code.slice(start, end)
    if (type.startsWith('Import') || type.startsWith('Export')) return statement
    const { code: packed, errors } = await minify(file, statement, options)
    if (errors.length > 0) throw new Error(`${errors[0]?.message}: ${statement}`)
    return packed
  })
  await writeFile(file, `${(await Promise.all(lines)).join('\n')}\n`)
}

/** The packages whose code is part of this one, with what their licenses demand. */
const JOINED = [
  'ajv',
  'ajv-formats',
  'commander',
  'fast-deep-equal',
  'fast-uri',
  'json-schema-traverse',
  'node-forge',
  'uqr',
]

async function licenses() {
  const texts = JOINED.map(async name => {
    const home = resolve(import.meta.dirname, 'node_modules', name)
    const file = (await readdir(home)).find(entry => /^licen[cs]e/i.test(entry))
    const { version } = JSON.parse(await readFile(resolve(home, 'package.json'), 'utf8'))
    if (!file) throw new Error(`${name} has no license file.`)
    const text = await readFile(resolve(home, file), 'utf8')
    // node-forge is under one of two licenses, of which this is the first.
    const [chosen = ''] = text.split(/\n-+\n\s+GNU GENERAL PUBLIC LICENSE/)
    return `${name} ${version}\n\n${chosen}`
  })
  return (await Promise.all(texts)).join('\n---\n\n')
}

const RAW = '?raw'

/**
 * What is imported as a string, such as the page of the simulator: from the sources, since nothing compiles it, and
 * compressed, since nobody reads it here.
 */
const strings = {
  name: 'import files as strings',
  /**
   * @param {string} source
   * @param {string | undefined} importer
   */
  resolveId(source, importer = '') {
    if (!source.endsWith(RAW)) return null
    return resolve(import.meta.dirname, 'lib', relative(folder, dirname(importer)), source)
  },
  /** @param {string} id */
  async load(id) {
    if (!id.endsWith(RAW)) return null
    const file = id.slice(0, -RAW.length)
    const text = await readFile(file, 'utf8')
    const { code, errors } = file.endsWith('.js')
      ? await minify(file, text, { module: true })
      : { code: text.replace(/\/\*.*?\*\/|^\s+/gms, ''), errors: [] }
    if (errors.length > 0) throw new Error(`${file} cannot be minified: ${errors[0]?.message}`)
    return {
      code: `import { brotliDecompressSync } from 'node:zlib'
export default brotliDecompressSync(Buffer.from('${brotliCompressSync(code).toString('base64')}', 'base64')).toString()`,
      moduleType: /** @type {const} */ ('js'),
    }
  },
}

const joined = defineConfig({
  input: entries,
  platform: 'node',
  // Demanded by the option of `codeSplitting` below. The entry points gain no export.
  preserveEntrySignatures: 'allow-extension',
  // The CommonJS files load a dependency when it is needed; joined, they would no longer be seen by bundlers.
  external: /^(?!uqr$)[^./]|\.cjs$/,
  // What one entry point loads at once another may still load later.
  onLog(level, log, handler) {
    if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handler(level, log)
  },
  output: {
    dir: folder,
    chunkFileNames: ({ name }) => (name === 'v2' ? 'apiv2.js' : '[name].js'),
    // The declarations hold the documentation.
    comments: { jsdoc: false },
    codeSplitting: { groups: [{ name: chunkOf, debugName: 'core and client' }], includeDependenciesRecursively: false },
  },
  plugins: [
    strings,
    {
      name: 'remove the modules that were joined, and add what is not compiled',
      async writeBundle(_options, bundle) {
        const files = await readdir(folder, { recursive: true })
        const merged = files
          .map(file => file.replaceAll(sep, '/'))
          .filter(file => file.endsWith('.js') && !file.startsWith('cli/') && !(file in bundle))
        await Promise.all(merged.map(file => rm(resolve(folder, file))))
        await joinRuntime(bundle)
        await packLargest()
        await addGenerated()
        await writeFile(resolve(folder, 'licenses.txt'), await licenses())
        const declared = new Set()
        for (const entry of Object.values(entries)) await declaredWith(entry.replace(/\.js$/, '.d.ts'), declared)
        const unused = (await readdir(folder, { recursive: true }))
          .map(file => resolve(folder, file))
          .filter(file => /\.d\.c?ts$/.test(file) && !declared.has(file))
        await Promise.all(unused.map(file => rm(file)))
      },
    },
  ],
})

/** The command line, with commander. A command is a file of its own, which is loaded when it runs. */
const commandLine = defineConfig({
  input: { wechatpay: resolve(folder, 'cli/wechatpay.js') },
  platform: 'node',
  // The library is loaded from where programs have it, too.
  external: id => id === 'undici' || [entries.index, entries['simulator/index']].includes(resolve(folder, 'cli', id)),
  output: {
    dir: resolve(folder, 'cli'),
    chunkFileNames: '[name].js',
    minify: true,
  },
  plugins: [
    {
      name: 'remove the modules that were joined',
      async writeBundle(_options, bundle) {
        const home = resolve(folder, 'cli')
        const files = await readdir(home, { recursive: true })
        // The demo prints its own code.
        /** @param {string} file */
        const kept = file => file in bundle || ['demo.js', 'simulator-process.js', 'source.js'].includes(file)
        const merged = files.map(file => file.replaceAll(sep, '/')).filter(file => file.endsWith('.js') && !kept(file))
        await Promise.all(merged.map(file => rm(resolve(home, file))))
      },
    },
  ],
})

export default [joined, commandLine, withPackages('util/forge.cjs'), withPackages('simulator/schema/ajv.cjs')]
