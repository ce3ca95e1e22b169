/**
 * Uploads a video to a server in a separate process that reads the form with busboy, and measures memory and duration.
 *
 *   node bench/upload.mjs [--megabytes 100] [--package ../dist/index.js]
 *
 * It is uploaded from a path and from a stream. The received file must match the sent one, and the meta must have its
 * digest: otherwise the benchmark fails.
 */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { actor, MEGABYTE, makeKeys, measure, respond, serve } from './actors.mjs'

const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '100' },
    package: { type: 'string', default: new URL('../dist/index.js', import.meta.url).href },
  },
})

const SCRIPT = fileURLToPath(import.meta.url)

if (process.send) await runPart()
else await runAll()

async function runAll() {
  const folder = await mkdtemp(join(tmpdir(), 'wechatpay-bench-'))
  try {
    const path = join(folder, 'video.mp4')
    const sha256 = await makeVideo(path)
    const { privateKey, config } = makeKeys()
    const server = await actor(SCRIPT, { role: 'serve', sha256, privateKey })
    const client = { ...config, base_uri: server.ready }
    const figures = {}
    for (const source of ['path', 'stream']) {
      const { ready, stop } = await actor(SCRIPT, { role: 'upload', config: client, path, source })
      stop()
      figures[source] = { seconds: ready.seconds.toFixed(1), 'MB above start': ready.memory.toFixed(0) }
    }
    server.stop()
    console.log(`A video of ${options.megabytes} MB; Node ${process.version}`)
    console.table(figures)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function makeVideo(path) {
  const hash = createHash('sha256')
  const file = createWriteStream(path)
  for (let megabyte = 0; megabyte < Number(options.megabytes); megabyte++) {
    const chunk = randomBytes(MEGABYTE)
    hash.update(chunk)
    if (!file.write(chunk)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
  return hash.digest('hex')
}

async function runPart() {
  const [part] = await once(process, 'message')
  process.send(await (part.role === 'serve' ? serveForms(part) : upload(part)))
}

function serveForms({ sha256, privateKey }) {
  // A dependency of the specs in the root.
  const busboy = createRequire(new URL('../package.json', import.meta.url))('busboy')
  return serve((request, response) => {
    const form = busboy({ headers: request.headers })
    const hash = createHash('sha256')
    let meta
    form.on('field', (_name, value) => {
      meta = JSON.parse(value)
    })
    form.on('file', (_name, stream) => stream.on('data', chunk => hash.update(chunk)))
    form.on('close', () => {
      const isCorrect = hash.digest('hex') === sha256 && meta.sha256 === sha256
      respond(response, { media_id: isCorrect ? 'correct' : 'wrong' }, privateKey)
    })
    request.pipe(form)
  })
}

async function upload({ config, path, source }) {
  const { Builder } = await import(options.package)
  const wxpay = Builder.factory(config)
  return measure(async () => {
    const file = source === 'path' ? path : createReadStream(path)
    const { data } = await wxpay.v3.merchant.media.video_upload.post({ file, timeout: 600_000 })
    if (data.media_id !== 'correct') throw new Error('The received file differs from the sent one.')
  })
}
