/** The uploads of the catalogue, read from its own files. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The paths as a client is asked for them: `v3/merchant/media/upload`, and `v2/…`. */
export function readCatalogue(): string[] {
  return ['v3', 'v2'].flatMap(version => {
    const folder = resolve(import.meta.dirname, `../openapi/${version}/paths`)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.yaml'))
    return files
      .filter(file => readFileSync(join(folder, file), 'utf8').includes('multipart/form-data'))
      .map(file => `${version}/${file.replace(/\.yaml$/, '')}`)
  })
}
