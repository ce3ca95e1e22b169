/** The keys that sign front-end parameters: passed directly, or those of a client. */
import { type Client, settingsOf } from '../client/settings-of.js'
import type { SignType } from '../crypto/hash.js'
import { type KeyInput, kindOfKey, loadSigningKey } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import { InvalidArgumentError } from '../errors.js'
import { signV2 } from '../protocol/v2/signature.js'
import { signWith } from '../trust/sign.js'
import type { Signer } from '../trust/verifier.js'
import { isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'

/** The merchant API private key, `apiclient_key.pem`, or a client that has it. */
export type SigningKey = { privateKey: KeyInput } | Client

/** A signer that signs elsewhere, such as a KMS. */
export interface RemoteSigner {
  signer: Signer
}

/** The APIv2 key, or a client that has it. */
export type SecretKey = { secret: string } | Client

/**
 * Signs with RSA-SHA256 and passes the base64 signature to `complete`: at once, or as soon as a remote signer has signed.
 *
 * @throws InvalidArgumentError for a key that cannot be right, one of SM2 included, or a client without one.
 */
export function withSignature<Parameters>(
  message: string,
  keys: SigningKey | RemoteSigner,
  complete: (signature: string) => Parameters,
): Parameters | Promise<Parameters> {
  const settings = settingsOf(keys)
  if (settings) return complete(signRsa(message, settings.privateKey ?? missingPrivateKey()))
  if (isRecord(keys) && 'privateKey' in keys) return complete(signRsa(message, keys.privateKey))
  if (isRecord(keys) && 'signer' in keys) return signRemotely(message, requireSigner(keys.signer)).then(complete)
  throw noKeys('{ privateKey }, { signer }', keys)
}

/**
 * The APIv2 signature of the fields.
 *
 * @throws InvalidArgumentError when there is no key.
 */
export function signFields(fields: object, key: SecretKey, type: SignType): string {
  return signV2(Object.fromEntries(Object.entries(fields)), secretOf(key), type)
}

function secretOf(keys: SecretKey): string {
  const settings = settingsOf(keys)
  const secret = settings ? settings.secret?.export().toString() : isRecord(keys) ? keys.secret : undefined
  if (typeof secret === 'string' && secret !== '') return secret
  throw settings
    ? new InvalidArgumentError(
        '`secret` is missing, and these parameters are signed with the APIv2 key. Pass it to Builder.factory.',
      )
    : noKeys('{ secret }', keys)
}

function requireSigner(signer: unknown): Signer {
  if (isSigner(signer)) return signer
  throw new InvalidArgumentError(
    `\`signer\` must have a method \`sign(message)\`; got ${kindOf(signer)} without it. Pass the signer of the client.`,
  )
}

function isSigner(signer: unknown): signer is Signer {
  return isRecord(signer) && typeof signer.sign === 'function'
}

async function signRemotely(message: string, signer: Signer): Promise<string> {
  if (signer.algorithm === 'SM2') throw onlyRsa('signer')
  return signWith(signer, Buffer.from(message))
}

function signRsa(message: string, privateKey: KeyInput): string {
  const key = loadSigningKey(privateKey, 'privateKey')
  if (kindOfKey(key) === 'SM2') throw onlyRsa('privateKey')
  return Rsa.sign(message, key)
}

// The documents of every scheme say that `signType` can only be RSA, and those of SM2 do not mention the front end.
function onlyRsa(option: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `\`${option}\` must be an RSA key for front-end parameters, whose \`signType\` can only be RSA; got SM2. Pass { privateKey } with the merchant's RSA key.`,
  )
}

function missingPrivateKey(): never {
  throw new InvalidArgumentError(
    '`privateKey` is missing, and these parameters are signed with the merchant API private key. Pass it to Builder.factory; if a `signer` signs instead, pass { signer } in place of the client and await the parameters.',
  )
}

function noKeys(expected: string, keys: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `The second argument must be ${expected} or a client of Builder.factory; got ${kindOf(keys)}${isRecord(keys) ? ' without them' : ''}. Pass \`wxpay\`, the client that created the order.`,
  )
}
