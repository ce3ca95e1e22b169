/** The endpoint of APIv2 image uploads: it checks the digest against the file. */
import { createHash, randomBytes } from 'node:crypto'
import { requireFields } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { ResultCodeError, success, type V2Call } from '../../gateway/v2/message.js'

export function uploadEndpoints(): readonly V2Endpoint[] {
  return [{ path: '/secapi/mch/uploadmedia', handle: upload }]
}

function upload(call: V2Call): string {
  const { media_hash } = requireFields(call.fields, 'media_hash')
  const isIntact = call.file && createHash('md5').update(call.file).digest('hex') === media_hash
  if (!isIntact) throw new ResultCodeError('PARAM_ERROR', 'media_hash与文件不符')
  return success(call, { media_id: randomBytes(24).toString('base64url') })
}
