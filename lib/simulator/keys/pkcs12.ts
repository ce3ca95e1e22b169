/** `apiclient_cert.p12`: the merchant API certificate and its private key in one file, as WeChat Pay issues them. */
import { loadForge } from '../../util/packages.js'
import type { SimulatorKeys } from './merchant.js'

/** Encrypted with 3DES, which every runtime can read. The passphrase is the mchid, as in WeChat Pay's files. */
export function merchantPkcs12({ merchant }: SimulatorKeys, mchid: string): Buffer {
  const forge = loadForge()
  const file = forge.pkcs12.toPkcs12Asn1(
    forge.pki.privateKeyFromPem(merchant.privateKey),
    [forge.pki.certificateFromPem(merchant.certificate)],
    mchid,
    { algorithm: '3des', friendlyName: 'Tenpay Certificate' },
  )
  return Buffer.from(forge.asn1.toDer(file).getBytes(), 'latin1')
}
