/** Keys that WeChat Pay gives out on request: the one for bank cards, and that of the sandbox. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Readable } from 'node:stream'
import { loadPublicKey } from '../../crypto/keys.js'
import { WechatPayError } from '../../errors.js'
import type { OpenOptions } from '../../options.js'
import type { WechatPayResponse } from '../../response.js'
import { isRecord } from '../../util/plain-object.js'

/** Makes a call of its own; what a client does. */
export type Request = (
  method: 'POST',
  template: string,
  options: object,
) => Promise<WechatPayResponse<unknown, Buffer | Readable>>

/** Milliseconds; a key that WeChat Pay replaces is noticed within half a day. */
const LIFETIME = 12 * 60 * 60 * 1000

/** Asked for when first needed, by one call for all that need it, and again after half a day. */
export class RequestedKeys {
  readonly #request: Request
  readonly #now: () => number
  readonly #keys = new Map<string, { key: Promise<KeyObject>; until: number }>()

  constructor(request: Request, now: () => number) {
    this.#request = request
    this.#now = now
  }

  /** The key that bank card numbers and names are encrypted with. `options` are those of the call that needs it. */
  bankKey(options: OpenOptions): Promise<KeyObject> {
    const template = 'v2/risk/getpublickey'
    return this.#get(template, options, { sign_type: 'MD5' }, fields =>
      // Bytes: a text could name a file of this machine, and nobody has signed this one.
      loadPublicKey(Buffer.from(requireText(fields, 'pub_key', template)), 'pub_key'),
    )
  }

  /** The key that signs in the sandbox of a path, in place of the APIv2 key. */
  sandboxKey(path: string, options: OpenOptions): Promise<KeyObject> {
    const isOld = path.startsWith('/sandboxnew/')
    const template = isOld ? 'v2/sandboxnew/pay/getsignkey' : 'v2/xdc/apiv2getsignkey/sign/getsignkey'
    return this.#get(template, options, {}, fields =>
      createSecretKey(requireText(fields, 'sandbox_signkey', template), 'utf8'),
    )
  }

  // Without the timeout and the signal of the call that asks first: others may wait for the same key.
  #get(
    template: string,
    { base_uri, dispatcher, security }: OpenOptions,
    xml: object,
    read: (fields: unknown) => KeyObject,
  ): Promise<KeyObject> {
    // Another host has another key.
    const name = `${template} ${base_uri ?? ''}`
    const known = this.#keys.get(name)
    if (known && this.#now() < known.until) return known.key
    const key = this.#request('POST', template, { xml, base_uri, dispatcher, security, sandbox: false }).then(
      ({ data }) => read(data),
    )
    this.#keys.set(name, { key, until: this.#now() + LIFETIME })
    key.catch(() => this.#keys.delete(name))
    return key
  }
}

function requireText(fields: unknown, name: string, template: string): string {
  const value = isRecord(fields) ? fields[name] : undefined
  if (typeof value === 'string' && value !== '') return value
  throw new WechatPayError(`The answer of /${template} has no \`${name}\`, so the call that needs it was not sent.`, {
    code: 'ERR_RESPONSE_FORMAT',
  })
}
