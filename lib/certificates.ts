/** Downloads the platform certificates of a merchant. Normal calls do this automatically. */

import { settingsOf } from './client/settings-of.js'
import { InvalidArgumentError } from './errors.js'
import { decryptCertificates, explain } from './trust/certificate-list.js'
import type { WechatPay } from './types/wechatpay.js'

export interface PlatformCertificate {
  /** Upper-case hex. */
  serial: string
  /** PEM. */
  certificate: string
  validFrom: Date
  validTo: Date
}

/**
 * Downloads the certificates that WeChat Pay signs with for this merchant, verifies the response, and decrypts it with the
 * client's `apiv3Key`. A client with an SM2 key gets those of SM2. `path` chooses a different list:
 * `v3/global/certificates`, `hk/v3/certificates`, `v3/certificates?algorithm_type=ALL`.
 *
 * @throws InvalidArgumentError for a client without `apiv3Key`; WechatPayError `ERR_NO_PLATFORM_CERTIFICATE` for a merchant
 *   without certificates, `ERR_APIV3_KEY` if they cannot be decrypted; the errors of a call (all as rejections).
 */
export async function download(client: WechatPay, path?: string): Promise<PlatformCertificate[]> {
  const { apiv3Key, signer } = settingsOf(client) ?? {}
  if (!apiv3Key) {
    throw new InvalidArgumentError(
      'Certificates.download needs a client with an `apiv3Key`, which decrypts the list. Give Builder.factory the `apiv3Key`.',
    )
  }
  const kind = signer?.algorithm ?? 'RSA'
  const { body } = await client
    .chain(path ?? (kind === 'SM2' ? 'v3/certificates?algorithm_type=SM2' : 'v3/certificates'))
    .get()
    .catch((error: unknown) => {
      throw explain(error, kind)
    })
  const keys = await decryptCertificates(body.toString(), apiv3Key, path === undefined ? kind : undefined)
  return keys.map(({ serial, certificate }) => ({
    serial,
    certificate: certificate.toString(),
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
  }))
}
