/** The simulated brand. Its keys are generated on first use, because most simulators serve merchants only. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { nonce } from '../../formatter.js'
import { BRAND_SCHEME, type BrandKeys, KEY_OPTIONS, type Merchant, type MerchantKeys, mintSerial } from './merchant.js'
import { PlatformKeys } from './platform.js'

export const BRAND_ID = '10001'

export function mintBrandKeys(): BrandKeys {
  const { privateKey } = generateKeyPairSync('rsa', KEY_OPTIONS)
  return { serial: mintSerial().toUpperCase(), privateKey, apiv3Key: nonce(32) }
}

/** A brand has only the WeChat Pay public key, and no APIv2 key. */
export function createBrand(
  brandId: string,
  { serial, privateKey, apiv3Key }: BrandKeys,
  { platformPublicKey }: Pick<MerchantKeys, 'platformPublicKey'>,
): Merchant {
  return {
    scheme: BRAND_SCHEME,
    mchid: brandId,
    serial,
    publicKey: createPublicKey(privateKey),
    certificate: undefined,
    apiv3Key,
    secret: '',
    platform: new PlatformKeys(platformPublicKey, undefined),
  }
}
