/** The size of a folder. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The bytes of all files below; 0 for a folder that is not there. */
export function sizeOf(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(file => statSync(join(folder, file)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
}
