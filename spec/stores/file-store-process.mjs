// One of several processes that share a directory: writes until it is killed, or competes for a key.
import process from 'node:process'

const [library, directory] = process.argv.slice(2)
const { FileStore } = await import(new URL('stores/file-store.js', library))

process.on('message', async ({ write, add, times }) => {
  const store = new FileStore(directory)
  if (write !== undefined) {
    process.send('writing')
    // What it writes has expired at once.
    for (;;) await Promise.all([store.add(write, 'old', 0), store.set(write, 'old', 0), store.delete(write)])
  }
  const stores = Array.from({ length: times }, () => new FileStore(directory))
  process.send(await Promise.all(stores.map((each, index) => each.add(add, `${process.pid} ${index}`, 60))))
})
