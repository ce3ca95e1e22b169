/** Uploads by APIv3: the meta is checked against the file, and an image can be downloaded again. */
import { createHash, randomBytes } from 'node:crypto'
import { endpointFacts, type UploadFacts } from '../../protocol/endpoints.js'
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, ok, readParam } from '../gateway/endpoint.js'
import { type ReceivedPart, readParts } from '../http/multipart.js'
import { parameterError, problem } from '../ledger/problem.js'

type Meta = Readonly<Record<string, unknown>>

/** What an endpoint answers, with the id that the file was given. */
type Answer = (id: string, meta: Meta, call: Call) => object

const mediaId: Answer = id => ({ media_id: id })
const mediaUrl: Answer = id => ({ media_url: `https://wx.gtimg.com/mch/img/${encodeURIComponent(id)}` })
const fileId: Answer = id => ({ file_id: id })
const fapiao: Answer = id => ({ fapiao_media_id: id })

const ENDPOINTS: Readonly<Record<string, Answer>> = {
  '/v3/merchant/media/upload': mediaId,
  '/v3/merchant/media/video_upload': mediaId,
  '/v3/marketing/favor/media/image-upload': mediaUrl,
  '/v3/marketing/partner/product-coupon/media/upload-image': mediaUrl,
  '/v3/merchant-service/images/upload': mediaId,
  '/v3/global/merchant-service/images/upload': mediaId,
  '/v3/global/merchant-storage/file/upload': fileId,
  '/v3/ecommerce/account/cancel-applications/media': mediaId,
  '/v3/mch-manage/submission-files/sub-mchid/{sub_mchid}/upload': fileId,
  '/v3/mch-operation-manage/enhanced-due-diligence/{due_diligence_id}/upload': fileId,
  '/v3/new-tax-control-fapiao/fapiao-applications/upload-fapiao-file': fapiao,
  '/v3/taxi-invoice/cards/upload-file': fapiao,
  '/v3/marketing/bank/packages/{package_id}/tasks': bankTask,
  '/v3/marketing/shopping-receipt/shoppingreceipts': receipt,
}

const IMAGES = ['/v3/merchant-service/images', '/v3/global/merchant-service/images']

/** So many of the last images can be downloaded. */
const LIMIT = 100

export function uploadEndpoints(): readonly Endpoint[] {
  const files = new Map<string, Buffer>()
  const uploads = Object.entries(ENDPOINTS).map(([path, answer]): Endpoint => {
    const facts = endpointFacts('POST', path).upload
    if (!facts) throw new TypeError(`${path} is no upload`)
    const isShown = IMAGES.some(images => path === `${images}/upload`)
    return { method: 'POST', path, handle: call => take(call, facts, answer, isShown ? files : undefined) }
  })
  const images = IMAGES.map(
    (path): Endpoint => ({ method: 'GET', path: `${path}/{media_id}`, handle: call => show(call, files) }),
  )
  return [...uploads, ...images]
}

function take(call: Call, facts: UploadFacts, answer: Answer, files?: Map<string, Buffer>) {
  const { body, headers } = call.request
  const parts = readParts(headers['content-type'] ?? '', body)
  const [first, second, ...more] = parts
  if (first?.name !== 'meta' || second?.name !== facts.part || more.length > 0) {
    throw wrong('', `the parts must be meta and ${facts.part}, in this order`)
  }
  const meta = readMeta(first)
  requireMatch(meta, second, facts)
  // An id that has to be encoded in a path, so that whoever encodes it twice, or not at all, fails.
  const id = `${randomBytes(24).toString('base64url')}+/=`
  if (files) keep(files, id, Buffer.from(second.content))
  return ok(answer(id, meta, call))
}

function keep(files: Map<string, Buffer>, id: string, content: Buffer): void {
  files.set(id, content)
  const [oldest] = files.keys()
  if (files.size > LIMIT && oldest !== undefined) files.delete(oldest)
}

function requireMatch(meta: Meta, { filename, content }: ReceivedPart, facts: UploadFacts): void {
  const { digestField, digest, nameField, fixed } = facts
  if (content.length === 0) throw wrong(`/${facts.part}`, 'empty')
  const expected = createHash(digest).update(content).digest('hex')
  if (meta[digestField] !== expected) throw wrong(`/meta/${digestField}`, `not the ${digest} of the file`)
  if (nameField && escaped(meta[nameField]) !== filename) throw wrong(`/meta/${nameField}`, 'not the name of the file')
  for (const [name, value] of Object.entries(fixed)) {
    if (meta[name] !== value) throw wrong(`/meta/${name}`, `值必须是 ${value} 之一`)
  }
}

// As the name stands in the header of its part.
function escaped(name: unknown): string {
  return String(name).replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function readMeta({ content }: ReceivedPart): Meta {
  try {
    const meta: unknown = JSON.parse(content.toString())
    if (typeof meta === 'object' && meta !== null) return { ...meta }
  } catch {
    // Refused below, as what is JSON and no object is.
  }
  throw wrong('/meta', 'not a JSON object')
}

function show(call: Call, files: ReadonlyMap<string, Buffer>) {
  const content = files.get(readParam(call, 'media_id'))
  if (!content) throw problem(404, 'RESOURCE_NOT_EXISTS', '图片不存在')
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

function wrong(field: string, issue: string) {
  return parameterError(`输入源“/body${field}”规则校验失败，${issue}`, { field, issue, location: 'body' })
}
