/** The https of the simulator: a certificate for 127.0.0.1 that its own configuration trusts. */
import { mintCertificate, mintKeyPair } from './merchant.js'

export interface ServerCertificate {
  /** PEM. */
  key: string
  /** PEM, signed by its own key: to trust it is to trust the simulator alone. */
  cert: string
}

const NAME = { CN: '127.0.0.1', OU: 'Simulated gateway' }

/** Valid from now on, whatever time the simulator's clock tells: TLS goes by the time of the machine. */
export async function mintServerCertificate(): Promise<ServerCertificate> {
  const keys = await mintKeyPair()
  const { certificate } = await mintCertificate(keys, NAME, Date.now(), {
    issuer: NAME,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  return { key: keys.privateKey, cert: certificate }
}
