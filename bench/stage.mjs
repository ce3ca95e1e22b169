/** Prepares a measurement: a merchant with new keys, and a gateway that knows the merchant. */
import { fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'

/**
 * @typedef {object} Merchant the configuration of every client, without its `baseUri`
 * @property {string} mchid
 * @property {string} serial number of the merchant API certificate
 * @property {string} privateKey PEM, PKCS#8
 * @property {Record<string, string>} certs PEM public keys of WeChat Pay by serial number
 */

/**
 * @typedef {object} Origins base addresses of the gateway, see gateway.mjs
 * @property {string} fast
 * @property {string} strict
 * @property {string} forged
 */

function keyPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

/** Starts the gateway. `close()` stops it. */
export async function openStage() {
  const merchantPair = keyPair()
  const platformPair = keyPair()
  const serial = '3775B6A45ACD588826D15E583A95F5DD1A2B3C4D'
  const platformSerial = 'PUB_KEY_ID_0119000001092024110100000000000001'

  const gateway = fork(new URL('gateway.mjs', import.meta.url))
  gateway.send({
    merchantSerial: serial,
    merchantPublicKey: merchantPair.publicKey,
    platformSerial,
    platformPrivateKey: platformPair.privateKey,
  })
  const [origins] = await once(gateway, 'message')

  return {
    merchant: /** @type {Merchant} */ ({
      mchid: '1900000109',
      serial,
      privateKey: merchantPair.privateKey,
      certs: { [platformSerial]: platformPair.publicKey },
    }),
    origins: /** @type {Origins} */ (origins),
    close: () => gateway.disconnect(),
  }
}

/** The environment of a measured process, without proxy variables, because some clients would use them on loopback. */
export function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(https?|all)_proxy$/i.test(name)))
}
