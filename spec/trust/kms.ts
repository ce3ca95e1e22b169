/** A signer over a socket: what a user of a key management service writes, and nothing else. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Signer } from '../../lib/trust/verifier.js'

export interface RemoteSigner {
  signer: Signer
  publicKey: string
  close(): Promise<void>
}

export async function startKms(serial: string): Promise<RemoteSigner> {
  const folder = mkdtempSync(join(tmpdir(), 'wechatpay-kms-'))
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${folder}` : join(folder, 'socket')
  const child = fork(resolve(import.meta.dirname, 'kms-process.mjs'), [path])
  const [publicKey] = await once(child, 'message')
  const socket = connect(path)
  const waiting = new Map<number, { resolve(result: Buffer): void; reject(error: Error): void }>()
  createInterface(socket).on('line', line => {
    const { id, result, failure } = JSON.parse(line)
    const settle = waiting.get(id)
    waiting.delete(id)
    if (failure) settle?.reject(new Error(failure))
    else settle?.resolve(Buffer.from(result, 'base64'))
  })
  let id = 0
  const ask = (operation: string, data: string) =>
    new Promise<Buffer>((resolve, reject) => {
      id += 1
      waiting.set(id, { resolve, reject })
      socket.write(`${JSON.stringify({ id, operation, data })}\n`)
    })
  return {
    publicKey,
    signer: {
      serial,
      sign: async message => (await ask('sign', Buffer.from(message).toString('base64'))).toString('base64'),
      decrypt: async ciphertext => (await ask('decrypt', ciphertext)).toString(),
    },
    close: async () => {
      socket.destroy()
      child.disconnect()
      await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}
