/** The merchant's configuration for a client of the simulator. */
import type { EpochMilliseconds } from '../util/beijing-time.js'
import type { BrandKeys, Merchant, MerchantKeys } from './keys/merchant.js'

/** A complete configuration for `Builder.factory`. It is plain JSON, so it can be passed to a different process. */
export interface SimulatorConfig {
  mchid: string
  /** Serial number of the merchant API certificate. */
  serial: string
  /** PEM. */
  privateKey: string
  /** PEM: the platform certificates by serial number, and the WeChat Pay public key by its `PUB_KEY_ID_…`. */
  certs: Record<string, string>
  /** 32 characters. */
  apiv3Key: string
  /** The APIv2 key, 32 characters. */
  secret: string
  /** The merchant API certificate and its private key for mutual TLS, PEM. */
  merchant: { cert: string; key: string }
  base_uri: string
  /** PEM: the certificate of the simulator. Only with `https` or `httpsPort`. */
  ca?: string
}

/** A complete configuration for the client of a brand. It is plain JSON. */
export interface SimulatorBrandConfig {
  brand_id: string
  /** Serial number of the brand's API certificate. */
  serial: string
  /** PEM. */
  privateKey: string
  /** PEM: the WeChat Pay public key by its `PUB_KEY_ID_…`. */
  certs: Record<string, string>
  /** 32 characters. */
  apiv3Key: string
  base_uri: string
  /** PEM: the certificate of the simulator. Only with `https` or `httpsPort`. */
  ca?: string
}

interface BrandConfigSources extends Pick<ConfigSources, 'keys' | 'url' | 'ca'> {
  brandId: string
  brand: BrandKeys
}

export function createBrandConfig({ keys, brandId, brand, url, ca }: BrandConfigSources): SimulatorBrandConfig {
  const { platformPublicKey } = keys
  return {
    brand_id: brandId,
    serial: brand.serial,
    privateKey: brand.privateKey,
    certs: { [platformPublicKey.serial]: platformPublicKey.publicKey },
    apiv3Key: brand.apiv3Key,
    base_uri: `${url}/`,
    ...(ca !== undefined && { ca }),
  }
}

interface ConfigSources {
  keys: MerchantKeys
  merchant: Merchant
  url: string
  ca: string | undefined
  now: EpochMilliseconds
}

export function createConfig({ keys, merchant, url, ca, now }: ConfigSources): SimulatorConfig {
  const { platformPublicKey, apiv3Key, secret } = keys
  const { serial, privateKey, certificate } = keys.merchant
  const platformCertificates = merchant.platform
    .listed(now)
    .map(listed => [listed.serial, listed.certificate.toString()])
  return {
    mchid: merchant.mchid,
    serial,
    privateKey,
    certs: {
      ...Object.fromEntries(platformCertificates),
      [platformPublicKey.serial]: platformPublicKey.publicKey,
    },
    apiv3Key,
    secret,
    merchant: { cert: certificate, key: privateKey },
    base_uri: `${url}/`,
    ...(ca !== undefined && { ca }),
  }
}
