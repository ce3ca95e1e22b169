/** The blocks of PEM (RFC 7468), read leniently because environment variables and editors mangle line ends. */

const BEGIN = '-----BEGIN '
/** Reads in one pass, because a malicious file may consist of first lines only. */
const LINE = /-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----/g
/** The headers of an encrypted block in OpenSSL's old format (RFC 1421), with any line ends. */
const ENCRYPTED = /^\s*Proc-Type:\s*4,ENCRYPTED\s+DEK-Info:\s*([A-Z0-9-]{1,32},[0-9A-Fa-f]{1,64})(?![^\s])/

export interface PemBlock {
  label: string
  /** The base64 between the lines, without white space. */
  base64: string
  /** The block with real line ends, if it is encrypted in OpenSSL's old format. */
  encrypted: string | undefined
}

export function looksLikePem(string: string): boolean {
  return string.includes(BEGIN)
}

/** Every complete block, in order; anything around them is skipped. Line ends may be escaped, once or more often. */
export function readPem(pem: string): PemBlock[] {
  const unescaped = pem.replace(/\\{1,8}[rn]/g, '\n')
  const blocks: PemBlock[] = []
  let begun: { label: string; at: number } | undefined
  for (const { 0: line, 1: kind, 2: label = '', index } of unescaped.matchAll(LINE)) {
    if (kind === 'BEGIN') begun = { label, at: index + line.length }
    else if (begun?.label === label) {
      blocks.push(readBlock(label, unescaped.slice(begun.at, index)))
      begun = undefined
    }
  }
  return blocks
}

function readBlock(label: string, body: string): PemBlock {
  const [headers, info] = ENCRYPTED.exec(body) ?? []
  const base64 = body.slice(headers?.length ?? 0).replace(/\s+/g, '')
  return { label, base64, encrypted: info === undefined ? undefined : rewrite(label, info, base64) }
}

function rewrite(label: string, info: string, base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? []
  const headers = ['Proc-Type: 4,ENCRYPTED', `DEK-Info: ${info}`, '']
  return [`${BEGIN}${label}-----`, ...headers, ...lines, `-----END ${label}-----`, ''].join('\n')
}
