/** Sensitive fields: encrypted for WeChat Pay on the way out, decrypted for the merchant on the way in. */
import type { KeyObject } from 'node:crypto'
import { parseBase64 } from '../crypto/bytes.js'
import * as Rsa from '../crypto/rsa.js'
import { InvalidArgumentError, WechatPayError } from '../errors.js'
import { hasAny, mapLeaves } from './field-paths.js'
import { Sensitive } from './sensitive.js'

/**
 * A copy of `value` whose named fields and {@link Sensitive} values are encrypted: what is empty or already encrypted
 * stays, numbers are encrypted as text. `value` is not touched.
 *
 * @throws InvalidArgumentError that names the field, such as `json/payer/name`: for a value that is too long for the key,
 *   or when there is a field to encrypt and no key.
 */
export function encryptFields(
  value: unknown,
  fields: readonly string[],
  key: KeyObject | undefined,
  { padding = Rsa.OAEP, option = 'json' }: { padding?: Rsa.Padding; option?: string } = {},
): unknown {
  return mapLeaves(value, fields, (leaf, path, isNamed) => {
    const plain = plainText(leaf, isNamed)
    return plain === undefined ? leaf : encryptField(plain, `${option}${path}`, key, padding)
  })
}

/** Whether {@link encryptFields} has something to do: a named field that is not encrypted, or a {@link Sensitive}. */
export function hasPlainFields(value: unknown, fields: readonly string[]): boolean {
  if (value === undefined || (!hasAny(value, fields) && !mayHoldSensitive(value, 0))) return false
  let found = false
  mapLeaves(value, fields, (leaf, _path, isNamed) => {
    const plain = plainText(leaf, isNamed)
    if (leaf instanceof Sensitive || (plain !== undefined && !isCiphertext(plain))) found = true
    return leaf
  })
  return found
}

const DEEPEST_LOOK = 32

// Most calls hold nothing to encrypt, and pay for this look alone. What cannot be told at a glance is looked at closely.
function mayHoldSensitive(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Sensitive || depth > DEEPEST_LOOK || 'toJSON' in value) return true
  for (const child of Object.values(value)) if (mayHoldSensitive(child, depth + 1)) return true
  return false
}

/** Opens the base64 that WeChat Pay encrypted for the merchant. */
export type Decrypt = (ciphertext: string) => string | Promise<string>

/**
 * A copy of `data` whose named fields are decrypted; what is not encrypted stays as it came. `data` is not touched.
 *
 * @throws WechatPayError `ERR_FIELD_NOT_DECRYPTED` (as a rejection) that names the field which does not open.
 */
export async function decryptFields(data: unknown, fields: readonly string[], decrypt: Decrypt): Promise<unknown> {
  const opened = new Map<string, string | Promise<string>>()
  mapLeaves(data, fields, (leaf, path, isNamed) => {
    if (isNamed && typeof leaf === 'string' && isCiphertext(leaf)) opened.set(path, decryptField(leaf, path, decrypt))
    return leaf
  })
  const texts = new Map(await Promise.all([...opened].map(async ([path, text]) => [path, await text] as const)))
  return mapLeaves(data, fields, (leaf, path) => texts.get(path) ?? leaf)
}

function plainText(leaf: unknown, isNamed: boolean): string | undefined {
  if (leaf instanceof Sensitive) return leaf.reveal()
  if (!isNamed || leaf === '') return undefined
  return typeof leaf === 'string' || typeof leaf === 'number' || typeof leaf === 'bigint' ? String(leaf) : undefined
}

function encryptField(plain: string, field: string, key: KeyObject | undefined, padding: Rsa.Padding): string {
  if (!key) {
    if (isCiphertext(plain)) return plain
    throw new InvalidArgumentError(
      `${field}: a sensitive field, and no key of WeChat Pay to encrypt it with. Set \`certs\` to the WeChat Pay public key or the platform certificate that \`Wechatpay-Serial\` names; a \`verifier\` needs \`encryptionKey()\`.`,
    )
  }
  if (parseBase64(plain)?.length === modulusBytes(key)) return plain
  if (!plain.isWellFormed())
    throw new InvalidArgumentError(`${field}: found half a surrogate pair, which UTF-8 cannot carry.`)
  try {
    return Rsa.encrypt(plain, key, padding)
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause
    throw new InvalidArgumentError(cause.message.replace('plaintext', field), { cause })
  }
}

async function decryptField(text: string, path: string, decrypt: Decrypt): Promise<string> {
  try {
    return await decrypt(text)
  } catch (cause) {
    throw new WechatPayError(
      `The answer is WeChat Pay's, and the request was carried out; but its field ${path} does not open with the merchant's private key. Check that \`privateKey\` belongs to \`serial\`, or set \`encrypt: false\` to get the fields as they come.`,
      { code: 'ERR_FIELD_NOT_DECRYPTED', cause },
    )
  }
}

function modulusBytes(key: KeyObject): number {
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8
}

// RSA of 2048, 3072 or 4096 bits; nothing that can be encrypted is as long.
function isCiphertext(text: string): boolean {
  return [256, 384, 512].includes(parseBase64(text)?.length ?? 0)
}
