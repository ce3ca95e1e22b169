/** The https certificate of the simulator, for 127.0.0.1. */
import { mintCertificate, mintKeyPair } from './merchant.js'

export interface ServerCertificate {
  /** PEM. */
  key: string
  /** PEM. Self-signed: a client that trusts it trusts this simulator only. */
  cert: string
}

const NAME = { CN: '127.0.0.1', OU: 'Simulated gateway' }

/** Valid from the current system time, not the simulator's clock, because TLS uses the system time. */
export async function mintServerCertificate(): Promise<ServerCertificate> {
  const keys = await mintKeyPair()
  const { certificate } = await mintCertificate(keys, NAME, Date.now(), {
    issuer: NAME,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  return { key: keys.privateKey, cert: certificate }
}
