/** The endpoints of fapiaos: titles, issuing, reversing, cards, files, and the merchant's settings. */
import { beijingTime } from '../../util/beijing-time.js'
import { alsoAt, type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import type { EndpointResponse } from '../gateway/router.js'
import type { Fapiao, FapiaoItem, FapiaoRequest, Fapiaos } from '../ledger/fapiaos.js'
import { DEFAULT_OPENID } from '../ledger/order.js'
import type { Orders } from '../ledger/orders.js'
import { problem } from '../ledger/problem.js'
import type { Schema } from '../schema/catalogue.js'

const PATH = '/v3/new-tax-control-fapiao'
const APPLICATIONS = `${PATH}/fapiao-applications` as const
const APPLICATION = `${APPLICATIONS}/{fapiao_apply_id}` as const
const INDUSTRIES = ['issue-passenger-transport', 'issue-refined-oil', 'real-estate-leasing'].map(
  name => `${APPLICATIONS}/${name}`,
)
const ACCEPTED: EndpointResponse = { statusCode: 202, body: '' }
/** An application has at most five fapiaos. */
const RULES: Schema = {
  properties: {
    fapiao_information: { minItems: 1, maxItems: 5 },
    fapiao_card_information: { minItems: 1, maxItems: 5 },
  },
}
const PLACING = { rules: RULES, numbers: 'ledger' } as const
const SELLER = { name: '深圳市南山区测试公司', taxpayer_id: '202003261233701778' }

interface Application {
  sub_mchid?: string | undefined
  fapiao_apply_id: string
  buyer_information: object
}
type Content = Pick<FapiaoRequest, 'fapiao_id' | 'total_amount' | 'items' | 'remark'>

/** `origin` returns the URL of the simulator, for the URLs of files. */
export function fapiaoEndpoints(fapiaos: Fapiaos, orders: Orders, origin: () => string): readonly Endpoint[] {
  // An application for a payment has the payment's number. Otherwise the user has filled in the title before.
  const requireOccasion = ({ merchant: { mchid } }: Call, scene: string | null, number: string) => {
    if (scene === 'WITH_WECHATPAY' ? orders.findByTransactionId(mchid, number) : isApplied(mchid, number)) return
    const missing = scene === 'WITH_WECHATPAY' ? '微信支付订单不存在' : '用户未填写抬头'
    throw problem(404, 'RESOURCE_NOT_EXISTS', missing)
  }
  const isApplied = (mchid: string, number: string) => fapiaos.titles.seek(mchid, number)?.state === 'APPLIED'
  const issue = ({ merchant, body, now }: Call<Application>, ...contents: Content[]) => {
    const { sub_mchid, fapiao_apply_id, buyer_information } = body
    const common = { sub_mchid, fapiao_apply_id, buyer_information }
    const requests = contents.map(({ fapiao_id, total_amount, items, remark }) => ({
      ...common,
      fapiao_id,
      total_amount,
      items,
      remark,
    }))
    fapiaos.issue(merchant.mchid, requests, now)
    return ACCEPTED
  }
  const issueOne = (call: Call<Application & { fapiao_information: Content }>) =>
    issue(call, call.body.fapiao_information)
  const named = (call: Call) => {
    const id = call.query.get('fapiao_id')
    const rows = fapiaos.ofApplication(call.merchant.mchid, readParam(call, 'fapiao_apply_id'))
    return id === null ? rows : rows.filter(({ no }) => no === id)
  }
  return [
    endpoint(`get ${PATH}/user-title/title-url`, call => {
      const [fapiao_apply_id = '', openid = '', total = ''] = ['fapiao_apply_id', 'openid', 'total_amount'].map(
        name => call.query.get(name) ?? '',
      )
      const sub_mchid = call.query.get('sub_mchid') ?? undefined
      const request = { sub_mchid, fapiao_apply_id, openid, total_amount: Number(total) }
      fapiaos.ask(call.merchant.mchid, request, call.now)
      return ok({ title_url: `https://pay.wechatpay.cn/invoicing/title?fapiao_apply_id=${fapiao_apply_id}` })
    }),
    endpoint(`get ${PATH}/user-title`, call => {
      const number = call.query.get('fapiao_apply_id') ?? ''
      requireOccasion(call, call.query.get('scene'), number)
      const { mchid } = call.merchant
      const order = orders.findByTransactionId(mchid, number)?.request
      const amount = order?.amount.total ?? fapiaos.titles.seek(mchid, number)?.request.total_amount
      return ok({ type: 'INDIVIDUAL', name: '张三', amount, ...(order && { out_trade_no: order.out_trade_no }) })
    }),
    endpoint(
      `post ${APPLICATIONS}`,
      call => {
        requireOccasion(call, call.body.scene, call.body.fapiao_apply_id)
        return issue(call, ...call.body.fapiao_information)
      },
      PLACING,
    ),
    ...alsoAt(`${APPLICATIONS}/issue-general`, INDUSTRIES, [
      endpoint(`post ${APPLICATIONS}/issue-general`, issueOne, { numbers: 'ledger' }),
    ]),
    endpoint(`get ${APPLICATION}`, call => {
      const rows = named(call)
      return ok({ total_count: rows.length, fapiao_information: rows.map(row => describe(fapiaos, row)) })
    }),
    endpoint(`get ${APPLICATION}/fapiao-files`, call => {
      const { mchid } = call.merchant
      const files = named(call).map(({ no: fapiao_id, id, state: status }) => {
        const query = new URLSearchParams({
          token: id,
          mchid,
          openid: DEFAULT_OPENID,
          invoice_code: id,
          invoice_no: id,
          fapiao_id,
        })
        return { fapiao_id, status, download_url: `${origin()}${PATH}/download?${query}` }
      })
      return ok({ fapiao_download_info_list: files })
    }),
    endpoint(`post ${APPLICATION}/reverse`, call => {
      const rows = fapiaos.ofApplication(call.merchant.mchid, readParam(call, 'fapiao_apply_id'))
      const chosen = call.body.fapiao_information.map(({ fapiao_id }) => rows.find(({ no }) => no === fapiao_id))
      for (const row of chosen) {
        if (!row || !fapiaos.can(row, 'reverse')) throw problem(400, 'INVALID_REQUEST', '发票状态不支持冲红')
      }
      for (const row of chosen) if (row) fapiaos.move(row, 'reverse', call.now)
      return ACCEPTED
    }),
    endpoint(
      `post ${APPLICATION}/insert-cards`,
      call => {
        const { merchant, now, body } = call
        const fapiao_apply_id = readParam(call, 'fapiao_apply_id')
        const { scene, sub_mchid, buyer_information, fapiao_card_information: cards } = body
        requireOccasion(call, scene, fapiao_apply_id)
        for (const { fapiao_number: fapiao_id, total_amount, items, remark } of cards) {
          const request = { sub_mchid, fapiao_apply_id, fapiao_id, buyer_information, total_amount, items, remark }
          fapiaos.insert(merchant.mchid, request, now)
        }
        return ACCEPTED
      },
      PLACING,
    ),
    endpoint(`get ${PATH}/merchant/development-config`, call => ok(fapiaos.configOf(call.merchant.mchid))),
    endpoint(`patch ${PATH}/merchant/development-config`, ({ merchant, body }) => {
      const { sub_mch_code: _, ...config } = body
      return ok(fapiaos.configure(merchant.mchid, config))
    }),
  ]
}

function describe(fapiaos: Fapiaos, row: Fapiao): object {
  const { id, state, request, history, reason } = row
  const card = fapiaos.cards.seek(row.mchid, row.no)
  const items = (request.items ?? []).map(describeItem)
  const tax_amount = items.reduce((sum, item) => sum + item.tax_amount, 0)
  const timeOf = (name: string) => history.find(step => step.state === name)?.at
  const numbers = (time: number | undefined) =>
    time && {
      fapiao_code: id.slice(0, 12),
      fapiao_number: id,
      check_code: id,
      password: id,
      fapiao_time: beijingTime(time),
    }
  const [blue_fapiao, red_fapiao] = [numbers(timeOf('ISSUED')), numbers(timeOf('REVERSED'))]
  return {
    fapiao_id: row.no,
    status: state,
    ...(blue_fapiao && { blue_fapiao }),
    ...(red_fapiao && { red_fapiao }),
    ...(card && {
      card_information: { card_appid: 'wxb1170446a4c0a5a2', card_openid: DEFAULT_OPENID, card_status: card.state },
    }),
    total_amount: request.total_amount,
    tax_amount,
    amount: request.total_amount - tax_amount,
    seller_information: SELLER,
    buyer_information: request.buyer_information,
    extra_information: { drawer: '张三' },
    items,
    ...(request.remark && { remark: request.remark }),
    ...(reason !== undefined && { fapiao_error_code: reason }),
  }
}

/** Rates are ten-thousandths, quantities hundred-millionths. */
function describeItem({ tax_code, goods_name = '', quantity, total_amount, tax_rate = 0, discount }: FapiaoItem) {
  const amount = Math.round((total_amount * 10_000) / (10_000 + tax_rate))
  return {
    tax_code,
    goods_name,
    quantity: quantity ?? 100_000_000,
    unit_price: Math.round((amount * 100_000_000) / (quantity || 100_000_000)),
    amount,
    tax_amount: total_amount - amount,
    total_amount,
    tax_rate,
    discount,
  }
}
