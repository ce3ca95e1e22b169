/** The ids of images: WeChat Pay hands them out plain, and percent-encoded where they stand in a URL. */

const IMAGE = /^v3\/(?:global\/)?merchant-service\/images\/\{media_id\}$/

/** The values of the placeholders, with the id as it was before WeChat Pay encoded it: it is encoded once, not twice. */
export function decodeMediaId(template: string, values: Record<string, unknown>): Record<string, unknown> {
  const { media_id } = values
  // No id has a percent sign of its own.
  if (typeof media_id !== 'string' || !media_id.includes('%') || !IMAGE.test(template)) return values
  try {
    return { ...values, media_id: decodeURIComponent(media_id) }
  } catch {
    return values
  }
}
