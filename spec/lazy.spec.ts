/** What a process does not use it does not load. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { config } from './gateway.js'
import { keys, notice } from './notification/wechat-pay.js'
import { compileLibrary } from './trust/compiled.js'

const library = compileLibrary()

/** The packages that a process has loaded after it did `act`. */
function packagesOf(act: string): string[] {
  const program = `
    import { createRequire } from 'node:module'
    const { Builder, Invoke, Notification } = await import(${JSON.stringify(`${library}index.js`)})
    const { config, keys, notice } = ${JSON.stringify({ config, keys, notice: notice() })}
    ${act}
    const files = Object.keys(createRequire(import.meta.url).cache)
    console.log(JSON.stringify(files.map(file => file.match(/.*node_modules.([^/\\\\\\\\]+)/)?.[1])))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return [...new Set<string>(JSON.parse(stdout))]
}

describe('a process', () => {
  it('that only receives notifications or makes front-end parameters does not load undici', () => {
    const packages = packagesOf(`
      await Notification.create(keys).parse(notice)
      await Notification.create(Builder.factory({ ...config, ...keys })).parse(notice)
      Invoke.jsapi({ appId: 'wx1', prepay_id: 'wx2' }, Builder.factory(config))`)
    expect(packages).not.toContain('undici')
  })

  it('that makes a call loads it', () => {
    const packages = packagesOf(`
      await Builder.factory({ ...config, base_uri: 'http://127.0.0.1:1/', retry: false }).chain('v3/x').get().catch(() => {})`)
    expect(packages).toContain('undici')
  })
})
