/** How a merchant's platform certificate gives way to its successor, and platform certificates to the public key. */
import { InvalidArgumentError } from '../../errors.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'
import { mintPlatformCertificate } from './merchant.js'
import type { PlatformKeys } from './platform.js'

export interface RotateOptions {
  /**
   * Milliseconds by the simulator's clock from the listing of the new certificate until it signs; WeChat Pay takes some
   * days. Default 0: at once.
   */
  signsIn?: number
}

/** Mints a certificate that is listed and valid from `now`, in milliseconds; gives its serial. */
export async function rotate(platform: PlatformKeys, now: number, options: RotateOptions): Promise<{ serial: string }> {
  const { signsIn = 0, ...unknown } = options
  refuseUnknownOptions(unknown, ['signsIn'], 'rotate')
  if (!(signsIn >= 0)) {
    throw new InvalidArgumentError(`rotate: \`signsIn\` is ${signsIn}; expected milliseconds from 0 to Infinity.`)
  }
  requireCertificates(platform, 'rotate')
  const minted = await mintPlatformCertificate(now)
  platform.add(minted, now + signsIn)
  return { serial: minted.serial }
}

export function migrate(platform: PlatformKeys, percent: number): void {
  if (!(percent >= 0 && percent <= 100)) {
    throw new InvalidArgumentError(`migrate: the share is ${String(percent)}; expected percent from 0 to 100.`)
  }
  requireCertificates(platform, 'migrate')
  platform.share(percent)
}

function requireCertificates({ newest }: PlatformKeys, method: string): void {
  if (newest) return
  throw new InvalidArgumentError(
    `${method}: with \`publicKeyOnly\` the merchant has no platform certificates; start a simulator without it.`,
  )
}
