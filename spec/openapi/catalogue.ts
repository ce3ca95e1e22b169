/** A catalogue for a spec: a few files in a folder of their own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readDocument } from '../../openapi/tools/read.mjs'

/** Reads the given files, by their place, as the catalogue of one API. */
export function readCatalogue(api: 'v3' | 'v2', files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), 'wechatpay-chain-openapi-'))
  try {
    const head = 'openapi: 3.1.0\ninfo: { title: t, version: "1" }\nservers: [{ url: https://api.example }]\n'
    for (const part of ['paths', 'brand', 'hk', 'schemas', 'webhooks'])
      mkdirSync(join(root, api, part), { recursive: true })
    for (const [file, content] of Object.entries({ 'openapi.yaml': head, ...files })) {
      mkdirSync(dirname(join(root, api, file)), { recursive: true })
      writeFileSync(join(root, api, file), content)
    }
    return readDocument(api, root)
  } finally {
    rmSync(root, { recursive: true })
  }
}
