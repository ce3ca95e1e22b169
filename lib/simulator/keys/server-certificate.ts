/** The https certificate of the simulator, for this machine and for the address that it listens on. */
import { isIP } from 'node:net'
import { mintCertificate, mintKeyPair } from './merchant.js'

export interface ServerCertificate {
  /** PEM. */
  key: string
  /** PEM. Self-signed: a client that trusts it trusts this simulator only. */
  cert: string
}

const NAME = { CN: '127.0.0.1', OU: 'Simulated gateway' }

/** Valid from the current system time, not the simulator's clock, because TLS uses the system time. */
export async function mintServerCertificate(host = '127.0.0.1'): Promise<ServerCertificate> {
  const keys = await mintKeyPair()
  const { certificate } = await mintCertificate(keys, NAME, Date.now(), {
    issuer: NAME,
    extensions: [{ name: 'subjectAltName', altNames: [...new Set(['127.0.0.1', 'localhost', host])].map(altName) }],
  })
  return { key: keys.privateKey, cert: certificate }
}

// The types of node-forge: 2 is a name, 7 an address.
function altName(name: string): object {
  return isIP(name) ? { type: 7, ip: name } : { type: 2, value: name }
}
