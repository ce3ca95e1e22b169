/** A signer on a PKCS#11 token, SoftHSM's, by the command line of OpenSC; the key is made in the token. */
import { execFile, spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RemoteSigner } from './kms.js'

const MODULE = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
].find(existsSync)
const PIN = '1234'

export const TOKEN_IS_MISSING =
  (!MODULE || spawnSync('softhsm2-util', ['--version']).error || spawnSync('pkcs11-tool', ['--version']).error) &&
  'SoftHSM or pkcs11-tool is not installed (apt-get install softhsm2 opensc)'

export function startToken(serial: string): RemoteSigner {
  const folder = mkdtempSync(join(tmpdir(), 'wechatpay-token-'))
  mkdirSync(join(folder, 'tokens'))
  const configuration = join(folder, 'softhsm2.conf')
  writeFileSync(
    configuration,
    `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  )
  const env = { ...process.env, SOFTHSM2_CONF: configuration }
  const run = (command: string, args: string[]) => {
    const { status, stderr } = spawnSync(command, args, { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command}: ${stderr}`)
  }
  const token = ['--module', MODULE ?? '', '--token-label', 'merchant', '--login', '--pin', PIN, '--id', '01']
  // SoftHSM's files do not bear two processes at once.
  let turn: Promise<unknown> = Promise.resolve()
  const ask = (args: string[], input: Uint8Array): Promise<Buffer> => {
    const answer = turn.then(() => runTool([...token, ...args], env, input))
    turn = answer.catch(() => {})
    return answer
  }
  run('softhsm2-util', ['--init-token', '--free', '--label', 'merchant', '--pin', PIN, '--so-pin', '5678'])
  run('pkcs11-tool', [...token, '--keypairgen', '--key-type', 'rsa:2048', '--sensitive'])
  run('pkcs11-tool', [...token, '--read-object', '--type', 'pubkey', '--output-file', join(folder, 'public.der')])
  const publicKey = createPublicKey({ key: readFileSync(join(folder, 'public.der')), format: 'der', type: 'spki' })
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    signer: {
      serial,
      sign: async message => (await ask(['--sign', '-m', 'SHA256-RSA-PKCS'], message)).toString('base64'),
      decrypt: async ciphertext => {
        const oaep = ['--decrypt', '-m', 'RSA-PKCS-OAEP', '--hash-algorithm', 'SHA-1', '--mgf', 'MGF1-SHA1']
        return (await ask(oaep, Buffer.from(ciphertext, 'base64'))).toString()
      },
    },
    close: async () => rmSync(folder, { recursive: true }),
  }
}

function runTool(args: string[], env: NodeJS.ProcessEnv, input: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile('pkcs11-tool', args, { env, encoding: 'buffer' }, (error, output) => {
      if (error) reject(error)
      else resolve(output)
    })
    child.stdin?.end(input)
  })
}
