/** The blocks of PEM (RFC 7468), read leniently because environment variables and editors mangle line ends. */

const BEGIN = '-----BEGIN '
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----/gs

export interface PemBlock {
  label: string
  /** The base64 between the lines, without white space. */
  base64: string
  /** The block with real line ends, if it is encrypted in OpenSSL's old format (RFC 1421 headers). */
  encrypted: string | undefined
}

export function looksLikePem(string: string): boolean {
  return string.includes(BEGIN)
}

/** Every complete block, in order; anything around them is skipped. */
export function readPem(pem: string): PemBlock[] {
  const unescaped = pem.replace(/\\r|\\n/g, '\n')
  return Array.from(unescaped.matchAll(BLOCK), ([block, label = '', body = '']) => ({
    label,
    base64: body.replace(/\s+/g, ''),
    encrypted: body.includes('Proc-Type: 4,ENCRYPTED') ? block : undefined,
  }))
}
