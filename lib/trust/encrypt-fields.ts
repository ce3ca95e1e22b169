/** Sensitive fields: encrypted for WeChat Pay in requests, decrypted for the merchant in responses. */
import type { KeyObject } from 'node:crypto'
import { parseBase64 } from '../crypto/bytes.js'
import { identifyDer } from '../crypto/der.js'
import { kindOfKey } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import type { Sm2Cipher } from '../crypto/sm.js'
import { InvalidArgumentError, WechatPayError } from '../errors.js'
import { isPackageMissing } from '../util/packages.js'
import { kindOf } from '../util/wording.js'
import { hasAny, MAX_DEPTH, mapLeaves } from './field-paths.js'
import { Sensitive } from './sensitive.js'

interface EncryptOptions {
  /** Of RSA. */
  padding?: Rsa.Padding
  /** Needed by a key of SM2. */
  sm2?: Sm2Cipher | undefined
  /** The location of the fields in errors. */
  option?: string
}

/**
 * A copy of `value` with its named fields and {@link Sensitive} values encrypted. Empty and encrypted values stay as they
 * are, and so does null. `value` is not changed.
 *
 * @throws InvalidArgumentError that names the field, such as `json.payer.name`: for a value that is not a string, or too
 *   long for the key, or if there is a field to encrypt and no key; and for more than {@link MAX_DEPTH} levels.
 */
export function encryptFields(
  value: unknown,
  fields: readonly string[],
  key: KeyObject | undefined,
  options: EncryptOptions = {},
): unknown {
  const { option = 'json' } = options
  return mapLeaves(value, fields, (leaf, path, isNamed) => {
    refuseDeep(leaf, option)
    if (!isPlain(leaf, isNamed)) return leaf
    return encryptField(plaintextOf(leaf, `${option}${path}`), `${option}${path}`, key, options)
  })
}

/**
 * Whether {@link encryptFields} has anything to do: a named field that is not encrypted, or a {@link Sensitive}.
 *
 * @throws InvalidArgumentError for values that {@link encryptFields} refuses with any key, so that no key is requested
 *   for them.
 */
export function hasPlainFields(value: unknown, fields: readonly string[], option = 'json'): boolean {
  const hasNamed = fields.length > 0 && hasAny(value, fields)
  if (!hasNamed && !mayHoldSensitive(value, 0)) return false
  let found = false
  mapLeaves(value, fields, (leaf, path, isNamed) => {
    refuseDeep(leaf, option)
    if (isPlain(leaf, isNamed)) {
      const plaintext = plaintextOf(leaf, `${option}${path}`)
      if (leaf instanceof Sensitive || !isCiphertext(plaintext)) found = true
    }
    return leaf
  })
  return found
}

const DEEPEST_LOOK = 32

// Most calls have nothing to encrypt and pay for this look only. What it cannot decide at a glance is examined closely.
function mayHoldSensitive(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  // A Sensitive has a toJSON as well.
  if (depth > DEEPEST_LOOK || 'toJSON' in value) return true
  for (const child of Object.values(value)) if (mayHoldSensitive(child, depth + 1)) return true
  return false
}

/** Decrypts the base64 that WeChat Pay encrypted for the merchant. */
export type Decrypt = (ciphertext: string) => string | Promise<string>

/**
 * A copy of `data` with its named fields decrypted. Values that are not encrypted stay as they are. `data` is not changed.
 *
 * @throws WechatPayError `ERR_FIELD_NOT_DECRYPTED` (as a rejection) that names the field.
 */
export async function decryptFields(data: unknown, fields: readonly string[], decrypt: Decrypt): Promise<unknown> {
  const decrypting = new Map<string, string | Promise<string>>()
  mapLeaves(data, fields, (leaf, path, isNamed) => {
    if (isNamed && typeof leaf === 'string' && isCiphertext(leaf)) {
      decrypting.set(path, decryptField(leaf, path, decrypt))
    }
    return leaf
  })
  const decrypted = new Map(
    await Promise.all([...decrypting].map(async ([path, plaintext]) => [path, await plaintext] as const)),
  )
  return mapLeaves(data, fields, (leaf, path) => decrypted.get(path) ?? leaf)
}

/** Whether a leaf is to be encrypted. */
function isPlain(leaf: unknown, isNamed: boolean): boolean {
  return leaf instanceof Sensitive || (isNamed && leaf !== '' && leaf !== null && leaf !== undefined)
}

// A number would be converted before anything sees that it has lost digits: those of a bank card do not fit into one.
function plaintextOf(leaf: unknown, field: string): string {
  if (leaf instanceof Sensitive) return leaf.reveal()
  if (typeof leaf === 'string') return leaf
  throw new InvalidArgumentError(
    `\`${field}\` must be a string, since it is encrypted; got ${kindOf(leaf)}. Pass the exact string.`,
  )
}

// An object or a list is a leaf only below the deepest level.
function refuseDeep(leaf: unknown, option: string): void {
  if (typeof leaf !== 'object' || leaf === null || leaf instanceof Sensitive || leaf instanceof Date) return
  throw new InvalidArgumentError(`\`${option}\` must not have more than ${MAX_DEPTH} levels. Flatten it.`)
}

function encryptField(
  plaintext: string,
  field: string,
  key: KeyObject | undefined,
  { padding = Rsa.OAEP, sm2 }: EncryptOptions,
): string {
  if (!key) {
    if (isCiphertext(plaintext)) return plaintext
    throw new InvalidArgumentError(
      `\`${field}\` must be encrypted, but no WeChat Pay public key or platform certificate is configured for it. Set \`certs\` to the one that \`Wechatpay-Serial\` names; a \`verifier\` needs \`encryptionKey()\`.`,
    )
  }
  if (isCiphertextFor(key, plaintext)) return plaintext
  if (!plaintext.isWellFormed())
    throw new InvalidArgumentError(`\`${field}\` must be a valid Unicode string; got half a surrogate pair.`)
  try {
    return sm2 ? sm2.encrypt(plaintext, key) : Rsa.encrypt(plaintext, key, padding)
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause
    throw new InvalidArgumentError(cause.message.replace('plaintext', field), { cause })
  }
}

async function decryptField(ciphertext: string, path: string, decrypt: Decrypt): Promise<string> {
  try {
    return await decrypt(ciphertext)
  } catch (cause) {
    if (isPackageMissing(cause)) throw cause
    throw new WechatPayError(
      `The request was carried out, but \`data${path}\` of its response cannot be decrypted with the merchant's private key. Check that \`privateKey\` belongs to \`serial\`, or set \`encrypt: false\` to get the fields as they are.`,
      { code: 'ERR_FIELD_NOT_DECRYPTED', cause },
    )
  }
}

function isCiphertextFor(key: KeyObject, value: string): boolean {
  const bytes = parseBase64(value)
  if (kindOfKey(key) === 'SM2') return bytes !== undefined && isSm2Ciphertext(bytes)
  return bytes?.length === (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8
}

// RSA of 2048, 3072 or 4096 bits, which no value that can be encrypted is as long as; or SM2, which has a form of its own.
function isCiphertext(value: string): boolean {
  const bytes = parseBase64(value)
  return bytes !== undefined && ([256, 384, 512].includes(bytes.length) || isSm2Ciphertext(bytes))
}

function isSm2Ciphertext(bytes: Uint8Array): boolean {
  return identifyDer(bytes) === 'sm2.ciphertext'
}
