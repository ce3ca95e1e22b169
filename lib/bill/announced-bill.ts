/** Bills that an answer announces: a URL and a hash, or a list of encrypted parts. */
import { Readable } from 'node:stream'
import { settingsOf } from '../client/settings-of.js'
import { InvalidArgumentError } from '../errors.js'
import type { Decrypt } from '../trust/encrypt-fields.js'
import type { WechatPay } from '../types/wechatpay.js'
import { hashName, unpack, verified } from './content.js'
import { damaged } from './damage.js'
import { type CallOptions, download, locate } from './download.js'
import type { BillContent } from './requested-bill.js'
import { sealKey, unseal } from './sealed.js'

/** A file that is ready to be downloaded, as answers have it. */
export interface AnnouncedFile {
  download_url: string
  hash_type?: string | undefined
  /** Of the decompressed content. */
  hash_value?: string | undefined
}

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

/** @throws InvalidArgumentError for a URL that is not WeChat Pay's, or a hash that is not known. */
export function fileContent(wxpay: WechatPay, file: AnnouncedFile, options: CallOptions): BillContent {
  const location = locate(wxpay, file.download_url)
  const isAnnounced = hashName(file) !== undefined
  async function* read() {
    yield* verified(unpack(await download(wxpay, location, options)), file)
  }
  return { read, isAnnounced }
}

/**
 * The parts in their sequence; none of a part is handed out before it is found intact.
 * @throws InvalidArgumentError as {@link fileContent} and {@link keyOpener} do.
 */
export function partsContent(wxpay: WechatPay, answer: AnnouncedParts, options: CallOptions): BillContent {
  const openKey = keyOpener(wxpay)
  const parts = inSequence(answer).map(part => ({ part, location: locate(wxpay, part.download_url) }))
  for (const { part } of parts) hashName(part)
  async function* read() {
    for (const { part, location } of parts) {
      const seal = { key: sealKey(await openKey(part.encrypt_key)), nonce: part.nonce }
      const opened = unseal(await download(wxpay, location, options), seal)
      yield* verified(unpack(Readable.from(opened, { objectMode: false })), part)
    }
  }
  return { read, isAnnounced: true }
}

/** Opens the keys of encrypted parts. @throws InvalidArgumentError for a client that cannot decrypt. */
export function keyOpener(wxpay: WechatPay): Decrypt {
  const signer = settingsOf(wxpay)?.signer
  if (signer?.decrypt) return signer.decrypt.bind(signer)
  throw new InvalidArgumentError(
    'This bill is encrypted for the merchant: give Builder.factory `privateKey`, or a `signer` that has `decrypt`.',
  )
}

function inSequence({ download_bill_count, download_bill_list = [] }: AnnouncedParts): AnnouncedPart[] {
  const parts = [...download_bill_list].sort((one, other) => one.bill_sequence - other.bill_sequence)
  const isWhole =
    parts.length === download_bill_count && new Set(parts.map(part => part.bill_sequence)).size === parts.length
  if (isWhole) return parts
  throw damaged(`WeChat Pay announced ${download_bill_count} parts of the bill, and listed ${parts.length}`)
}
