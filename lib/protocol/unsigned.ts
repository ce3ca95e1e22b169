/** The answers that WeChat Pay leaves unsigned: file downloads, each known by its exact path. */

const PATHS = new Set([
  '/v3/billdownload/file',
  // As the documents of encrypted and of payscore bills have it.
  '/v3/bill/downloadurl',
  '/v3/payscore/bill/downloadurl',
  '/v3/transferdownload/elecvoucherfile',
  '/v3/transferdownload/signfile',
  '/v3/new-tax-control-fapiao/download',
])

// An id is one segment, and `upload` is an endpoint of its own, which is signed.
const IMAGE = /^\/v3\/(?:global\/)?merchant-service\/images\/(?!upload$)[^/]+$/

/** Whether the path (with its query, without the base URI's prefix) is such a download. Its query does not count. */
export function isUnsigned(target: string): boolean {
  const [pathname = ''] = target.split('?', 1)
  return PATHS.has(pathname) || IMAGE.test(pathname)
}
