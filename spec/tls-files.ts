/** Certificates for specs, made with the openssl command: an authority, a server on 127.0.0.1, merchants. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'

export interface TlsFiles {
  folder: string
  read(name: string): string
  /** A PKCS#12 file of a merchant. */
  pfx(name: string, passphrase: string, ...options: string[]): Buffer
  /** The key of a merchant, encrypted. */
  encryptedKey(name: string, passphrase: string): string
}

let shared: string | undefined

/**
 * `ca.pem`, `server.pem` and `<mchid>.pem` for each merchant, every one with its `.key`. They are the same for all specs of
 * a process.
 */
export function mintTlsFiles(mchids: readonly string[]): TlsFiles {
  shared ??= mkdtempSync(join(inject('temporary'), 'tls-'))
  const folder = shared
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = (type: string, name: string) => ['-newkey', type, '-nodes', '-keyout', `${name}.key`]
  const isMinted = (name: string) => existsSync(join(folder, `${name}.pem`))
  const issue = (name: string, type: string, extension: string) => {
    if (isMinted(name)) return
    openssl('req', ...newKey(type, name), '-out', `${name}.csr`, '-subj', `/CN=${name}`, '-addext', extension)
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '9']
    openssl('x509', '-req', '-in', `${name}.csr`, ...authority, '-copy_extensions', 'copy', '-out', `${name}.pem`)
  }
  if (!isMinted('ca')) {
    openssl('req', '-x509', ...newKey('rsa:2048', 'ca'), '-out', 'ca.pem', '-subj', '/CN=Authority', '-days', '10')
  }
  issue('server', 'ed25519', 'subjectAltName=IP:127.0.0.1')
  for (const mchid of mchids) issue(mchid, 'rsa:2048', 'extendedKeyUsage=clientAuth')
  return {
    folder,
    read: name => readFileSync(join(folder, name), 'utf8'),
    pfx(name, passphrase, ...options) {
      const pair = ['-inkey', `${name}.key`, '-in', `${name}.pem`, '-certfile', 'ca.pem']
      openssl('pkcs12', '-export', ...pair, '-passout', `pass:${passphrase}`, '-out', `${name}.p12`, ...options)
      return readFileSync(join(folder, `${name}.p12`))
    },
    encryptedKey: (name, passphrase) =>
      String(openssl('pkcs8', '-topk8', '-in', `${name}.key`, '-passout', `pass:${passphrase}`)),
  }
}
