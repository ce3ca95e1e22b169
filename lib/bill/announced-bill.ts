/** Bills that a response announces: a URL and a hash, or a list of encrypted parts. */
import { Readable } from 'node:stream'
import type { FileOptions } from '../client/client.js'
import { fetchFile, locate, type NamedFile } from '../client/named-file.js'
import { settingsOf } from '../client/settings-of.js'
import { InvalidArgumentError } from '../errors.js'
import { requireEnd } from '../files/complete.js'
import { hashName } from '../files/digest.js'
import type { WechatPay } from '../types/wechatpay.js'
import { unpack, verified } from './content.js'
import { damaged } from './damage.js'
import { type DecryptKey, decryptPart, partKey } from './encrypted-part.js'
import type { BillContent } from './requested-bill.js'

/** A file that is ready to be downloaded, as responses describe it. `hash_value` is of the decompressed content. */
export type AnnouncedFile = NamedFile

/** One of the encrypted parts of a bill. */
export interface AnnouncedPart extends AnnouncedFile {
  bill_sequence: number
  encrypt_key: string
  nonce: string
}

export interface AnnouncedParts {
  download_bill_count: number
  download_bill_list?: readonly AnnouncedPart[]
}

/** @throws InvalidArgumentError for a URL that does not lead to WeChat Pay, or an unknown hash. */
export function fileContent(wxpay: WechatPay, file: AnnouncedFile, options: FileOptions): BillContent {
  const location = locate(wxpay, file.download_url)
  const isAnnounced = hashName(file) !== undefined
  async function* read(isKept: boolean) {
    const response = await fetchFile(wxpay, location, options)
    if (isKept && !isAnnounced) requireEnd(response)
    yield* verified(unpack(response.body), file)
  }
  return { read, isAnnounced }
}

/**
 * The parts in their sequence. Nothing of a part is passed on before the whole part is known to be intact.
 * @throws InvalidArgumentError as {@link fileContent} and {@link keyDecrypter} do.
 */
export function partsContent(wxpay: WechatPay, response: AnnouncedParts, options: FileOptions): BillContent {
  const decryptKey = keyDecrypter(wxpay)
  const parts = inSequence(response).map(part => ({ part, location: locate(wxpay, part.download_url) }))
  for (const { part } of parts) hashName(part)
  async function* read() {
    for (const { part, location } of parts) {
      const key = await partKey(part.encrypt_key, decryptKey)
      const { body } = await fetchFile(wxpay, location, options)
      const content = decryptPart(body, { key, nonce: part.nonce })
      yield* verified(unpack(Readable.from(content, { objectMode: false })), part)
    }
  }
  return { read, isAnnounced: true }
}

/** Decrypts the keys of encrypted parts. @throws InvalidArgumentError for a client that cannot decrypt. */
export function keyDecrypter(wxpay: WechatPay): DecryptKey {
  const signer = settingsOf(wxpay)?.signer
  if (signer?.decryptBytes) return signer.decryptBytes.bind(signer)
  if (signer?.decrypt) return signer.decrypt.bind(signer)
  throw new InvalidArgumentError(
    '`privateKey` is missing, and this bill is encrypted for the merchant. Pass it to Builder.factory, or a `signer` with `decryptBytes` or `decrypt`.',
  )
}

function inSequence({ download_bill_count, download_bill_list = [] }: AnnouncedParts): AnnouncedPart[] {
  const parts = [...download_bill_list].sort((one, other) => one.bill_sequence - other.bill_sequence)
  const isComplete =
    parts.length === download_bill_count && new Set(parts.map(part => part.bill_sequence)).size === parts.length
  if (isComplete) return parts
  throw damaged(`WeChat Pay announced ${download_bill_count} parts of the bill but listed ${parts.length}`)
}
