// One of several processes of a merchant: makes calls as it is told, and reports what became of them.
import process from 'node:process'

const [library] = process.argv.slice(2)
const { factory } = await import(new URL('builder.js', library))
const { FileStore } = await import(new URL('stores/file-store.js', library))
const { RedisStore } = await import(new URL('stores/redis-store.js', library))

process.on('message', async order => process.send(await makeCalls(order)))

async function makeCalls({ base_uri, config, store, calls, concurrency }) {
  const { opened, close } = await open(store)
  const wxpay = factory({ ...config, base_uri, store: opened })
  const report = { succeeded: 0, failures: {} }
  let left = calls
  const work = async () => {
    while (left > 0) {
      left -= 1
      try {
        await wxpay.chain('v3/orders/{id}').get({ id: String(left) })
        report.succeeded += 1
      } catch (error) {
        report.failures[error.message] = (report.failures[error.message] ?? 0) + 1
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  await close()
  return report
}

async function open({ kind, place }) {
  if (kind === 'file') return { opened: new FileStore(place), close: async () => {} }
  if (kind === 'ioredis') {
    const { Redis } = await import('ioredis')
    const client = new Redis(place)
    return { opened: new RedisStore(client), close: () => client.quit() }
  }
  const { createClient } = await import('redis')
  const client = createClient({ url: place })
  await client.connect()
  return { opened: new RedisStore(client), close: () => client.close() }
}
