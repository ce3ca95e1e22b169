/** The endpoints of APIv3 uploads: they check the meta against the file. Uploaded images can be downloaded again. */
import { createHash } from 'node:crypto'
import { endpointFacts, type UploadFacts } from '../../protocol/endpoints.js'
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, ok, readParam } from '../gateway/endpoint.js'
import { type ReceivedPart, readParts } from '../http/multipart.js'
import { parameterError } from '../ledger/problem.js'
import type { Uploads } from '../ledger/uploads.js'

type Meta = Readonly<Record<string, unknown>>

/** Creates the body of the response from the ID of the uploaded file. */
type CreateBody = (id: string, meta: Meta, call: Call) => object

const mediaId: CreateBody = id => ({ media_id: id })
const mediaUrl: CreateBody = id => ({ media_url: `https://wx.gtimg.com/mch/img/${encodeURIComponent(id)}` })
const imageUrl: CreateBody = id => ({ image_url: `https://wxpaylogo.qpic.cn/wxpaylogo/${encodeURIComponent(id)}` })
const fileId: CreateBody = id => ({ file_id: id })
const fapiaoMediaId: CreateBody = id => ({ fapiao_media_id: id })

const ENDPOINTS: Readonly<Record<string, CreateBody>> = {
  '/v3/merchant/media/upload': mediaId,
  '/v3/merchant/media/video_upload': mediaId,
  '/v3/marketing/favor/media/image-upload': mediaUrl,
  '/v3/marketing/partner/product-coupon/media/upload-image': imageUrl,
  '/brand/marketing/product-coupon/media/upload-image': imageUrl,
  '/brand/card-member/media/image-upload': mediaUrl,
  '/v3/merchant-service/images/upload': mediaId,
  '/v3/global/merchant-service/images/upload': mediaId,
  '/v3/global/merchant-storage/file/upload': fileId,
  '/v3/ecommerce/account/cancel-applications/media': mediaId,
  '/v3/mch-manage/submission-files/sub-mchid/{sub_mchid}/upload': fileId,
  '/v3/mch-operation-manage/enhanced-due-diligence/{due_diligence_id}/upload': fileId,
  '/v3/new-tax-control-fapiao/fapiao-applications/upload-fapiao-file': fapiaoMediaId,
  '/v3/taxi-invoice/cards/upload-file': fapiaoMediaId,
  '/v3/marketing/bank/packages/{package_id}/tasks': bankTask,
  '/v3/marketing/shopping-receipt/shoppingreceipts': receipt,
}

const IMAGES = ['/v3/merchant-service/images', '/v3/global/merchant-service/images']

export function uploadEndpoints(uploads: Uploads): readonly Endpoint[] {
  const endpoints = Object.entries(ENDPOINTS).map(([path, createBody]): Endpoint => {
    const facts = endpointFacts('POST', path).upload
    if (!facts) throw new TypeError(`The catalogue does not describe ${path} as an upload.`)
    const isImage = IMAGES.some(images => path === `${images}/upload`)
    return { method: 'POST', path, handle: call => upload(call, facts, createBody, isImage ? uploads : undefined) }
  })
  const images = IMAGES.map(
    (path): Endpoint => ({ method: 'GET', path: `${path}/{media_id}`, handle: call => download(call, uploads) }),
  )
  return [...endpoints, ...images]
}

/** Stores the file in `uploads`, if given. */
function upload(call: Call, facts: UploadFacts, createBody: CreateBody, uploads?: Uploads) {
  const { body, headers } = call.request
  const parts = readParts(headers['content-type'] ?? '', body)
  const [first, second, ...more] = parts
  if (first?.name !== 'meta' || second?.name !== facts.part || more.length > 0) {
    throw invalid('', `the parts must be meta and ${facts.part}, in this order`)
  }
  const meta = readMeta(first)
  requireMatch(meta, second, facts)
  // The ID must be percent-encoded exactly once in a path, so that a client with a different encoding fails.
  const id = `${identify(call.request)}+/=`
  uploads?.add(id, Buffer.from(second.content))
  return ok(createBody(id, meta, call))
}

/** The same for the same request, signature included, so that an upload can be repeated from a journal. */
function identify({ headers, body }: Call['request']): string {
  const hash = createHash('sha256')
    .update(headers.authorization ?? '')
    .update(body)
  return hash.digest().subarray(0, 24).toString('base64url')
}

function requireMatch(meta: Meta, { filename, content }: ReceivedPart, facts: UploadFacts): void {
  const { digestField, digest, nameField, fixed } = facts
  if (content.length === 0) throw invalid(`/${facts.part}`, 'empty')
  const expected = createHash(digest).update(content).digest('hex')
  if (meta[digestField] !== expected) throw invalid(`/meta/${digestField}`, `not the ${digest} of the file`)
  if (nameField && escaped(meta[nameField]) !== filename)
    throw invalid(`/meta/${nameField}`, 'not the name of the file')
  for (const [name, value] of Object.entries(fixed)) {
    if (meta[name] !== value) throw invalid(`/meta/${name}`, `值必须是 ${value} 之一`)
  }
}

// Escapes names for the header of a part.
function escaped(name: unknown): string {
  return String(name).replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function readMeta({ content }: ReceivedPart): Meta {
  try {
    const meta: unknown = JSON.parse(content.toString())
    if (typeof meta === 'object' && meta !== null) return { ...meta }
  } catch {
    // The error below covers invalid JSON as well.
  }
  throw invalid('/meta', 'not a JSON object')
}

function download(call: Call, uploads: Uploads) {
  const content = uploads.find(readParam(call, 'media_id'))
  return { statusCode: 200, body: '', file: { contentType: 'image/jpeg', open: () => [content] } }
}

function bankTask(id: string, { filename, bank_type }: Meta, call: Call): object {
  const create_time = beijingTime(call.now)
  return {
    task_id: id,
    package_id: readParam(call, 'package_id'),
    filename,
    bank_type,
    create_time,
    status: 'PROCESSING',
  }
}

function receipt(id: string, { transaction_id, openid, sha256 }: Meta, { now }: Call): object {
  const time = beijingTime(now)
  const state = { state: 'WAIT_REVIEW', image_type: 'PNG', create_time: time, modify_time: time }
  return { receipt: { receipt_id: id, transaction_id, openid, sha256, ...state } }
}

function invalid(field: string, issue: string) {
  return parameterError(`输入源“/body${field}”规则校验失败，${issue}`, { field, issue, location: 'body' })
}
