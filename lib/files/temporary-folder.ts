/** A folder for the time of one piece of work, that nobody else on the machine can look into. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The caller removes it, whatever happens. */
export async function makeTemporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'wechatpay-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
