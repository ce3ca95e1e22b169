/** The keys that WeChat Pay gives out on request: the one for bank cards, and the sandbox's. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Readable } from 'node:stream'
import { loadPublicKey } from '../../crypto/keys.js'
import { NOTHING_SENT, WechatPayError } from '../../errors.js'
import type { OpenOptions } from '../../options.js'
import type { WechatPayResponse } from '../../response.js'
import { isRecord } from '../../util/plain-object.js'

/** Makes a call of its own, as a client does. */
export type Request = (
  method: 'POST',
  template: string,
  options: object,
) => Promise<WechatPayResponse<unknown, Buffer | Readable>>

/** Milliseconds, after which a key that WeChat Pay has replaced is noticed. */
const LIFETIME = 12 * 60 * 60 * 1000

/** Requests a key when it is first needed, once for all calls that need it, and again after half a day. */
export class RequestedKeys {
  readonly #request: Request
  readonly #now: () => number
  readonly #keys = new Map<string, { key: Promise<KeyObject>; until: number }>()

  /** @param now Milliseconds on a monotonic clock. */
  constructor(request: Request, now: () => number) {
    this.#request = request
    this.#now = now
  }

  /** The key that encrypts bank card numbers and names. `options` are those of the call that needs it. */
  bankKey(options: OpenOptions): Promise<KeyObject> {
    const template = 'v2/risk/getpublickey'
    return this.#get(template, options, { sign_type: 'MD5' }, fields =>
      // As bytes: a string could name a file of this machine, and this response is not signed.
      loadPublicKey(Buffer.from(requireField(fields, 'pub_key', template)), 'pub_key'),
    )
  }

  /** The key that replaces the APIv2 key in the sandbox of a path. */
  sandboxKey(path: string, options: OpenOptions): Promise<KeyObject> {
    const isOld = path.startsWith('/sandboxnew/')
    const template = isOld ? 'v2/sandboxnew/pay/getsignkey' : 'v2/xdc/apiv2getsignkey/sign/getsignkey'
    return this.#get(template, options, {}, fields =>
      createSecretKey(requireField(fields, 'sandbox_signkey', template), 'utf8'),
    )
  }

  // Without the timeout and the signal of the call that needs it first: other calls may wait for the same key.
  #get(
    template: string,
    { base_uri, dispatcher, security }: OpenOptions,
    xml: object,
    read: (fields: unknown) => KeyObject,
  ): Promise<KeyObject> {
    // Each host has a key of its own.
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

function requireField(fields: unknown, name: string, template: string): string {
  const value = isRecord(fields) ? fields[name] : undefined
  if (typeof value === 'string' && value !== '') return value
  throw new WechatPayError(`The response of /${template} has no \`${name}\`, which the call needs. ${NOTHING_SENT}`, {
    code: 'ERR_RESPONSE_FORMAT',
  })
}
