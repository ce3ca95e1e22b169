/** Rotates the platform certificate, and migrates from platform certificates to the WeChat Pay public key. */
import { InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'
import { mintPlatformCertificate } from './merchant.js'
import type { PlatformKeys } from './platform.js'

export interface RotateOptions {
  /**
   * Milliseconds, by the simulator's clock, from the listing of the new certificate until it signs. With WeChat Pay this
   * takes some days. Default 0: it signs at once.
   */
  signsIn?: number
  /** A merchant of the option `merchants`. Default: the first. */
  mchid?: string
}

/** Adds a new certificate, valid from `now`, and returns its serial number. */
export async function rotate(
  platform: PlatformKeys,
  now: EpochMilliseconds,
  options: Omit<RotateOptions, 'mchid'>,
): Promise<{ serial: string }> {
  const { signsIn = 0, ...unknown } = options
  refuseUnknownOptions(unknown, ['signsIn', 'mchid'], 'rotate')
  if (!(signsIn >= 0)) {
    throw new InvalidArgumentError(`\`signsIn\` must be a number of milliseconds from 0 to Infinity; got ${signsIn}.`)
  }
  requireCertificates(platform, 'rotate')
  const minted = await mintPlatformCertificate(now)
  platform.add(minted, now + signsIn)
  return { serial: minted.serial }
}

export function migrate(platform: PlatformKeys, percent: number): void {
  if (!(percent >= 0 && percent <= 100)) {
    throw new InvalidArgumentError(`\`percent\` must be a number from 0 to 100; got ${String(percent)}.`)
  }
  requireCertificates(platform, 'migrate')
  platform.share(percent)
}

function requireCertificates({ newest }: PlatformKeys, method: string): void {
  if (newest) return
  throw new InvalidArgumentError(
    `${method} needs platform certificates, but with \`publicKeyOnly\` the merchant has none. Start a simulator without \`publicKeyOnly\`.`,
  )
}
