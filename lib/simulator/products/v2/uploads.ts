/** APIv2's upload of an image: its digest is checked against the file. */
import { createHash, randomBytes } from 'node:crypto'
import { requireTexts } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { Refused, success, type V2Call } from '../../gateway/v2/message.js'

export function uploadEndpoints(): readonly V2Endpoint[] {
  return [{ path: '/secapi/mch/uploadmedia', needsCertificate: true, handle: take }]
}

function take(call: V2Call): string {
  const { media_hash } = requireTexts(call.fields, 'media_hash')
  const isIntact = call.file && createHash('md5').update(call.file).digest('hex') === media_hash
  if (!isIntact) throw new Refused('PARAM_ERROR', 'media_hash与文件不符')
  return success(call, { media_id: randomBytes(24).toString('base64url') })
}
