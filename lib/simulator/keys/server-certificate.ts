/** The https certificate of the simulator, and the authority that signs it. */
import { isIP } from 'node:net'
import { mintCertificate, mintEcKeyPair, mintKeyPair, type SimulatorKeys } from './merchant.js'

export interface ServerCertificate {
  /** PEM. */
  key: string
  /** PEM, for the names of the server. */
  cert: string
}

/** The private key and the certificate of an authority. A client that trusts it trusts what the simulator signs with it. */
type Authority = NonNullable<SimulatorKeys['authority']>

const NAME = { CN: 'Simulated gateway CA', OU: 'Simulated gateway' }

/** Valid from the current system time, not the simulator's clock, because TLS uses the system time. */
export async function mintAuthority(): Promise<Authority> {
  const keys = await mintKeyPair()
  const { certificate } = await mintCertificate(keys, NAME, Date.now(), {
    issuer: NAME,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
      { name: 'subjectKeyIdentifier' },
    ],
  })
  return { privateKey: keys.privateKey, certificate }
}

/** A certificate for this machine, and for these names and addresses. */
export async function mintServerCertificate(
  authority: Authority,
  names: readonly string[] = [],
): Promise<ServerCertificate> {
  const keys = mintEcKeyPair()
  const { certificate } = await mintCertificate(keys, { ...NAME, CN: 'Simulated gateway' }, Date.now(), {
    issuer: NAME,
    signer: authority.privateKey,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [...new Set(['127.0.0.1', 'localhost', ...names])].map(altName) },
    ],
  })
  return { key: keys.privateKey, cert: certificate }
}

// The types of node-forge: 2 is a name, 7 an address.
function altName(name: string): object {
  return isIP(name) ? { type: 7, ip: name } : { type: 2, value: name }
}
