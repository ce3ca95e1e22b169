/** The documented limits for uploaded files, checked before anything is sent. */
import { InvalidArgumentError } from '../errors.js'
import type { UploadFile } from '../files/upload-file.js'

interface Limits {
  /** Bytes. */
  size?: number
  types: RegExp
  described: string
}

const IMAGE: Limits = {
  size: 2 * 1024 * 1024,
  types: /^image\/(?:jpeg|png|bmp)$/,
  described: 'an image: JPG, PNG or BMP, at most 2 MB',
}

const VIDEO: Limits = { types: /^video\//, described: 'a video: MP4, AVI, MOV and the like' }

const LIMITS: Readonly<Record<string, Limits>> = {
  '/v3/merchant/media/upload': IMAGE,
  '/v3/merchant/media/video_upload': VIDEO,
  '/v3/marketing/favor/media/image-upload': IMAGE,
  '/v3/marketing/partner/product-coupon/media/upload-image': IMAGE,
  '/v3/merchant-service/images/upload': IMAGE,
  '/v3/global/merchant-service/images/upload': IMAGE,
}

/**
 * @param path As it is sent, with a leading slash.
 * @throws InvalidArgumentError that says what the endpoint accepts, and what it got.
 */
export function requireAccepted({ content, filename, contentType }: UploadFile, path: string): void {
  const limits = LIMITS[path.replace(/\?.*/s, '')]
  if (!limits) return
  const { size = Number.POSITIVE_INFINITY, types, described } = limits
  if (content.size > size) {
    throw new InvalidArgumentError(`\`file\` must be ${described}, for ${path}; got ${content.size} bytes.`)
  }
  if (types.test(contentType)) return
  throw new InvalidArgumentError(
    `\`file\` must be ${described}, for ${path}; got ${JSON.stringify(filename)} of type ${contentType}. Pass the name with its extension as \`filename\`.`,
  )
}
