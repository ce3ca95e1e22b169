/** A folder for what specs share in a run. It is below node_modules, so that a library in it finds its dependencies. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    temporary: string
  }
}

export function setup({ provide }: TestProject): () => void {
  const cache = resolve(import.meta.dirname, '../node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'specs-'))
  provide('temporary', folder)
  return () => rmSync(folder, { recursive: true })
}
