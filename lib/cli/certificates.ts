/** `certificates`: downloads the platform certificates, verifies them, and writes them to files. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Certificates } from '../index.js'
import { openClient } from './client.js'
import { type ConfigurationOptions, readConfiguration } from './configuration.js'
import { EXIT, type ExitCode, Failure } from './exit-codes.js'
import type { Terminal } from './terminal.js'

export interface CertificatesOptions extends ConfigurationOptions {
  readonly out?: string
  readonly json?: boolean
}

export async function certificates(terminal: Terminal, options: CertificatesOptions): Promise<ExitCode> {
  const { words } = terminal
  const configuration = readConfiguration(options, terminal)
  const client = await openClient(configuration, terminal)
  if (configuration.apiv3Key === undefined) throw new Failure(EXIT.usage, words.certificates.noKey)
  const downloaded = await Certificates.download(client)
  const listed = downloaded.map(({ serial, certificate, validFrom, validTo }) => {
    const file =
      options.out === undefined ? undefined : save(options.out, `wechatpay_${serial}.pem`, certificate, terminal)
    return { serial, validFrom: validFrom.toISOString(), validTo: validTo.toISOString(), ...(file && { file }) }
  })
  if (options.json) terminal.printJson(listed)
  else for (const { serial, validTo, file } of listed) terminal.print(words.certificates.line(serial, validTo, file))
  return EXIT.done
}

function save(folder: string, name: string, certificate: string, { words }: Terminal): string {
  const file = join(folder, name)
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, certificate)
  } catch {
    throw new Failure(EXIT.failed, words.certificates.unwritable(file))
  }
  return file
}
