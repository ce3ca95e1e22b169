/**
 * A video, uploaded to a server in a process of its own that reads the form with busboy: in what memory, and how fast.
 *
 *   node bench/upload.mjs [--megabytes 100] [--package ../dist/index.js]
 *
 * It is uploaded from a path and from a stream. That the file which arrives is the one that was sent, and that the meta
 * has its digest, is checked; what is not right fails the bench.
 */
import { fork } from 'node:child_process'
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { environment } from './stage.mjs'

const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '100' },
    package: { type: 'string', default: new URL('../dist/index.js', import.meta.url).href },
  },
})

const SERIAL = 'PUB_KEY_ID_0119000001092024110100000000000001'
const MEGABYTE = 1 << 20

if (process.send) await play()
else await direct()

async function direct() {
  const folder = await mkdtemp(join(tmpdir(), 'wechatpay-bench-'))
  try {
    const path = join(folder, 'video.mp4')
    const sha256 = await makeVideo(path)
    const [merchant, platform] = [keyPair(), keyPair()]
    const server = await actor({ role: 'serve', sha256, privateKey: platform.privateKey })
    const config = {
      mchid: '1900000109',
      serial: '3775B6A45ACD588826D15E583A95F5DD1A2B3C4D',
      privateKey: merchant.privateKey,
      certs: { [SERIAL]: platform.publicKey },
      base_uri: server.ready.url,
    }
    const figures = {}
    for (const source of ['path', 'stream']) {
      const { ready, stop } = await actor({ role: 'upload', config, path, source })
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

/** Another process of this file, which tells when it is ready, or what it measured. */
async function actor(part) {
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env: environment() })
  child.send(part)
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${part.role} ended without a result`)
  })
  ended.catch(() => {})
  const [ready] = await Promise.race([once(child, 'message'), ended])
  return { ready, stop: () => child.disconnect() }
}

async function play() {
  const [part] = await once(process, 'message')
  if (part.role === 'serve') await serve(part)
  else process.send(await measure(part))
}

async function serve({ sha256, privateKey }) {
  // It is a dependency of the root's specs.
  const busboy = createRequire(new URL('../package.json', import.meta.url))('busboy')
  const server = createServer((request, response) => {
    const form = busboy({ headers: request.headers })
    let meta
    const hash = createHash('sha256')
    form.on('field', (_name, value) => {
      meta = JSON.parse(value)
    })
    form.on('file', (_name, stream) => stream.on('data', chunk => hash.update(chunk)))
    form.on('close', () => {
      const isRight = hash.digest('hex') === sha256 && meta.sha256 === sha256
      const body = JSON.stringify({ media_id: isRight ? 'right' : 'wrong' })
      response.writeHead(200, { 'content-type': 'application/json', ...sign(body, privateKey) }).end(body)
    })
    request.pipe(form)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send({ url: `http://127.0.0.1:${server.address().port}/` })
  process.once('disconnect', () => process.exit())
}

function keyPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

function sign(body, privateKey) {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createSign('sha256').update(`${timestamp}\nn\n${body}\n`).sign(privateKey, 'base64')
  return {
    'wechatpay-timestamp': timestamp,
    'wechatpay-nonce': 'n',
    'wechatpay-serial': SERIAL,
    'wechatpay-signature': signature,
  }
}

async function measure({ config, path, source }) {
  const { Builder } = await import(options.package)
  const wxpay = Builder.factory(config)
  const start = process.memoryUsage.rss()
  let most = start
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 5)
  const started = performance.now()
  const file = source === 'path' ? path : createReadStream(path)
  const { data } = await wxpay.v3.merchant.media.video_upload.post({ file, timeout: 600_000 })
  clearInterval(sampling)
  if (data.media_id !== 'right') throw new Error('another file arrived')
  return { seconds: (performance.now() - started) / 1000, memory: (most - start) / MEGABYTE }
}
