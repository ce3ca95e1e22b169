/** Asks a signer for a signature, and looks at what it returns: it may be a KMS or an HSM of the user's. */
import { NOTHING_SENT, WechatPayError } from '../errors.js'
import { kindOf } from '../util/wording.js'
import type { Signer } from './verifier.js'

const BASE64 = /^[A-Za-z\d+/]+={0,2}$/

/**
 * The base64 signature of a message.
 *
 * @throws WechatPayError `ERR_SIGNER` (as a rejection) if the signer fails, or returns anything else.
 */
export async function signWith(signer: Signer, message: Uint8Array): Promise<string> {
  const signature = await ask(signer, message)
  if (typeof signature === 'string' && BASE64.test(signature) && signature.length % 4 === 0) return signature
  const found = typeof signature === 'string' ? 'a different string' : kindOf(signature)
  throw new WechatPayError(
    `\`signer.sign\` must return the signature in base64, a string; got ${signature === '' ? 'an empty string' : found}. ${NOTHING_SENT}`,
    { code: 'ERR_SIGNER' },
  )
}

async function ask(signer: Signer, message: Uint8Array): Promise<unknown> {
  try {
    return await signer.sign(message)
  } catch (cause) {
    throw new WechatPayError(`The signer failed; its error is the cause. ${NOTHING_SENT}`, {
      code: 'ERR_SIGNER',
      cause,
    })
  }
}
