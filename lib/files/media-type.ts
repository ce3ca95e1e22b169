/** The media type of a file, by its name or by its first bytes. */
import { extname } from 'node:path'

/** The types of the files that WeChat Pay accepts. */
const TYPES: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.bmp': 'image/bmp',
  '.gif': 'image/gif',
  '.mp4': 'video/mp4',
  '.m4v': 'video/x-m4v',
  '.mov': 'video/quicktime',
  '.avi': 'video/x-msvideo',
  '.wmv': 'video/x-ms-wmv',
  '.mpeg': 'video/mpeg',
  '.mkv': 'video/x-matroska',
  '.flv': 'video/x-flv',
  '.pdf': 'application/pdf',
  '.ofd': 'application/ofd',
  '.csv': 'text/csv',
  '.txt': 'text/plain',
  '.zip': 'application/zip',
  '.xls': 'application/vnd.ms-excel',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.doc': 'application/msword',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
}

const BEGINNINGS: readonly [extension: string, beginning: RegExp][] = [
  ['.jpg', /^\xff\xd8\xff/],
  ['.png', /^\x89PNG\r\n\x1a\n/],
  ['.bmp', /^BM/],
  ['.gif', /^GIF8/],
  ['.mp4', /^.{4}ftyp/s],
  ['.pdf', /^%PDF-/],
]

/** Undefined for an unknown extension. */
export function typeByName(filename: string): string | undefined {
  return TYPES[extname(filename).toLowerCase()]
}

/** The extension for this content; empty if its type is not known. */
export async function extensionOf(blob: Blob): Promise<string> {
  const beginning = Buffer.from(await blob.slice(0, 16).arrayBuffer()).toString('latin1')
  return BEGINNINGS.find(([, pattern]) => pattern.test(beginning))?.[0] ?? ''
}
