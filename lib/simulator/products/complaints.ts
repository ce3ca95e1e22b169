/** The endpoints of complaints: list, detail, history, the merchant's responses, and its notification URL. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, NO_CONTENT, ok, readParam } from '../gateway/endpoint.js'
import type { Complaint, ComplaintEvent, Complaints, Statement } from '../ledger/complaints.js'
import { parameterError, problem } from '../ledger/problem.js'
import { DAY } from '../ledger/product.js'
import type { Schema } from '../schema/catalogue.js'

const PATH = '/v3/merchant-service/complaints-v2/{complaint_id}'
const NOTIFYING: Schema = { properties: { url: { maxLength: 255, pattern: '^https?://' } } }
const RESPONDING: Schema = {
  properties: { response_content: { minLength: 1, maxLength: 200 }, response_images: { maxItems: 4 } },
}
/** The maximum number of days between the dates of a list. */
const SPAN = 30

/** `origin` returns the URL of the simulator, for the URLs of images. */
export function complaintEndpoints(complaints: Complaints, origin: () => string): readonly Endpoint[] {
  const find = (call: Call) => complaints.find(call.merchant.mchid, readParam(call, 'complaint_id'))
  const handle = (call: Call, event: ComplaintEvent, statement?: Statement) =>
    complaints.happen(requireComplainted(find(call), call.body), event, call.now, statement)
  const url = ({ merchant: { mchid } }: Call, isThere: boolean) => {
    const known = complaints.urlOf(mchid)
    if (isThere && known === undefined) throw problem(400, 'RESOURCE_NOT_EXISTS', '投诉通知回调不存在')
    if (!isThere && known !== undefined) throw problem(400, 'RESOURCE_ALREADY_EXISTS', '投诉通知回调已存在')
    return { mchid, url: known }
  }
  const notify = (isThere: boolean) => (call: Call<{ url: string }>) => {
    const { mchid } = url(call, isThere)
    complaints.setUrl(mchid, call.body.url)
    return ok({ mchid, url: call.body.url })
  }
  const notifying = { rules: NOTIFYING, numbers: 'ledger' } as const
  return [
    endpoint('post /v3/merchant-service/complaint-notifications', notify(false), notifying),
    endpoint('put /v3/merchant-service/complaint-notifications', notify(true), notifying),
    endpoint('get /v3/merchant-service/complaint-notifications', call => ok(url(call, true))),
    endpoint('delete /v3/merchant-service/complaint-notifications', call => {
      complaints.setUrl(url(call, true).mchid, undefined)
      return NO_CONTENT
    }),
    endpoint('get /v3/merchant-service/complaints-v2', call => {
      const [from, to] = requireDates(call)
      const complainted = call.query.get('complainted_mchid')
      const all = complaints
        .of(call.merchant.mchid)
        .filter(({ created }) => from <= beijingTime(created).slice(0, 10) && beijingTime(created).slice(0, 10) <= to)
        .filter(({ request }) => complainted === null || request.complainted_mchid === complainted)
      return page(call, all, complaint => describe(complaints, complaint))
    }),
    endpoint(`get ${PATH}`, call => ok(describe(complaints, find(call)))),
    endpoint(`get ${PATH}/negotiation-historys`, call =>
      page(call, complaints.logsOf(find(call)), ({ images, ...log }) => ({
        ...log,
        ...(images && {
          image_list: images.map(id => `${origin()}/v3/merchant-service/images/${encodeURIComponent(id)}`),
        }),
      })),
    ),
    endpoint(
      `post ${PATH}/response`,
      call => {
        const { response_content: details, response_images: images } = call.body
        handle(call, 'MERCHANT_RESPONSE', { details, images })
        return NO_CONTENT
      },
      { rules: RESPONDING },
    ),
    endpoint(`post ${PATH}/response-immediate-service`, call => {
      const details = call.body.message.blocks?.flatMap(({ text }) => text?.text ?? []).join('\n')
      return ok({ log_id: handle(call, 'MERCHANT_RESPONSE', { id: call.body.idempotent_id, details }) })
    }),
    endpoint(`post ${PATH}/complete`, call => {
      handle(call, 'MERCHANT_CONFIRM_COMPLETE')
      return NO_CONTENT
    }),
    endpoint(`post ${PATH}/update-refund-progress`, call => {
      const { action, reject_reason, remark, reject_media_list: images } = call.body
      const isApproved = action === 'APPROVE'
      handle(call, isApproved ? 'MERCHANT_APPROVE_REFUND' : 'MERCHANT_REJECT_REFUND', {
        details: isApproved ? remark : reject_reason,
        images,
      })
      return NO_CONTENT
    }),
  ]
}

/** @throws ApiError 400 `INVALID_REQUEST` when the body names a merchant that the complaint is not about. */
function requireComplainted(complaint: Complaint, body: unknown): Complaint {
  const named: unknown = Reflect.get(Object(body), 'complainted_mchid')
  if (named === undefined || named === complaint.request.complainted_mchid) return complaint
  throw problem(400, 'INVALID_REQUEST', '被诉商户号与投诉单不匹配')
}

function page<Item>(call: Call, all: readonly Item[], write: (item: Item) => object) {
  const limit = integerOf(call, 'limit', 10)
  const offset = integerOf(call, 'offset', 0)
  return ok({ data: all.slice(offset, offset + limit).map(write), limit, offset, total_count: all.length })
}

function integerOf({ query }: Call, name: 'limit' | 'offset', absent: number): number {
  const value = Number(query.get(name) ?? absent)
  const [min, max] = name === 'limit' ? [1, 50] : [0, Number.MAX_SAFE_INTEGER]
  if (value >= min && value <= max) return value
  throw invalid(name, query.get(name), `must be ${min} to ${max}`)
}

function requireDates({ query }: Call): [from: string, to: string] {
  const [from, to] = ['begin_date', 'end_date'].map(name => {
    const value = query.get(name) ?? ''
    if (/^\d{4}-\d\d-\d\d$/.test(value) && Number.isFinite(Date.parse(value))) return value
    throw invalid(name, value, 'must be a day in the format YYYY-MM-DD')
  })
  const days = (Date.parse(to ?? '') - Date.parse(from ?? '')) / DAY
  if (from !== undefined && to !== undefined && days >= 0 && days <= SPAN) return [from, to]
  throw invalid('end_date', to, `must be at most ${SPAN} days after begin_date`)
}

function invalid(field: string, value: unknown, issue: string) {
  return parameterError(`输入源“/query/${field}”规则校验失败`, { field, value, issue, location: 'query' })
}

function describe(complaints: Complaints, complaint: Complaint): object {
  const { transaction_id, out_trade_no, amount, ...fields } = complaint.request
  const logs = complaints.logsOf(complaint)
  const times = logs.filter(({ operate_type }) => /^USER_(CREATE|CONTINUE)_COMPLAINT$/.test(operate_type))
  const last = logs.find(({ operator }) => operator !== '系统')
  const service = logs.find(({ operate_type }) => operate_type.includes('PLATFORM_SERVICE'))
  return {
    complaint_id: complaint.no,
    complaint_time: beijingTime(complaint.created),
    complaint_state: complaint.state,
    ...fields,
    ...(transaction_id && { complaint_order_info: [{ transaction_id, out_trade_no, amount }] }),
    complaint_full_refunded: complaints.isRefunded(complaint),
    incoming_user_response: last?.operator === '投诉人',
    user_complaint_times: times.length,
    in_platform_service: service?.operate_type === 'USER_APPLY_PLATFORM_SERVICE',
  }
}
