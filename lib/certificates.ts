/** The platform certificates of a merchant, for who wants to see or to keep them; calls need nobody to do that. */

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
 * Asks WeChat Pay for the certificates that it signs with for this merchant, verifies the answer, and opens it with the
 * client's `apiv3Key`. `path` is another list's: `v3/global/certificates`, `hk/v3/certificates`.
 *
 * @throws InvalidArgumentError for a client without `apiv3Key`; WechatPayError `ERR_NO_PLATFORM_CERTIFICATE` for a
 *   merchant who has none, `ERR_APIV3_KEY` when they do not open; what a call throws (all as rejections).
 */
export async function download(client: WechatPay, path = 'v3/certificates'): Promise<PlatformCertificate[]> {
  const apiv3Key = settingsOf(client)?.apiv3Key
  if (!apiv3Key) {
    throw new InvalidArgumentError(
      'Certificates.download takes a client that has an `apiv3Key`: the list of certificates is sealed with it.',
    )
  }
  const { body } = await client
    .chain(path)
    .get()
    .catch((error: unknown) => {
      throw explain(error)
    })
  return decryptCertificates(body.toString(), apiv3Key).map(({ serial, certificate }) => ({
    serial,
    certificate: certificate.toString(),
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
  }))
}
