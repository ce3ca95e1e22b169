/** Small fixed files for downloads without a product module. */

export interface SampleFile {
  readonly contentType: string
  readonly content: Buffer
}

/** A transparent pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

/** One empty page. */
const PDF = Buffer.from(`%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj
xref
0 4
0000000000 65535 f 
0000000009 00000 n 
0000000052 00000 n 
0000000101 00000 n 
trailer<</Size 4/Root 1 0 R>>
startxref
164
%%EOF
`)

const CSV = Buffer.from(
  '\uFEFF交易时间,商户号,商户订单号,订单金额\r\n`2026-01-01 10:00:00,`1900000109,`sample,`1.00\r\n',
)

/** The file of a download at a path: a picture, a document or a table. */
export function sampleFile(path: string): SampleFile {
  if (/images?\//.test(path)) return { contentType: 'image/png', content: PNG }
  if (/elecvoucher|signfile|fapiao/.test(path)) return { contentType: 'application/pdf', content: PDF }
  return { contentType: 'text/plain; charset=utf-8', content: CSV }
}
