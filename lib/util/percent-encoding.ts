/** Percent-encoding by RFC 3986. */

/** Encodes everything except letters, digits and `-._~`; encodeURIComponent leaves `!'()*` as they are. */
export function percentEncode(string: string): string {
  return encodeURIComponent(string).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
