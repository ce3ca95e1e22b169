/** A temporary folder that other users of the machine cannot read. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The caller must remove it, also after an error. */
export async function makeTemporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'wechatpay-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
