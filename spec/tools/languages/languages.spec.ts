import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startSimulator } from '../../simulator/start.js'

/** A shop in each language, which is not written with this library, and the command that runs it. */
const SHOPS = [
  { language: 'PHP', number: 'PHP-0001', tool: ['php', '--ri', 'curl'], run: ['php', 'shop.php'] },
  { language: 'Go', number: 'GO-00001', tool: ['go', 'version'], run: ['go', 'run', 'shop.go'] },
]

for (const { language, number, tool, run } of SHOPS) {
  const [command = '', ...check] = tool
  const isMissing = spawnSync(command, check).status !== 0
  it.skipIf(isMissing)(`a shop in ${language} sells, is notified, refunds, and reconciles its bill`, async () => {
    await using simulator = await startSimulator()
    const [program = '', ...args] = [...run, simulator.url]
    const { stdout } = await promisify(execFile)(program, args, {
      cwd: import.meta.dirname,
      env: { ...process.env, no_proxy: '127.0.0.1', GO111MODULE: 'off' },
    })
    expect(JSON.parse(stdout)).toEqual({
      status: 200,
      notified: [number, 'SUCCESS'],
      state: 'REFUND',
      sha1: true,
      rows: 2,
    })
  })
}
