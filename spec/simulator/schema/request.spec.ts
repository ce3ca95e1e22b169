import { describe, expect, it } from 'vitest'
import { type Operation, operationsOf } from '../../../lib/simulator/schema/catalogue.js'
import { checkBody, checkParameters, checkRules } from '../../../lib/simulator/schema/request.js'

function operation(method: string, path: string): Operation {
  const found = operationsOf('v3').find(candidate => candidate.method === method && candidate.path === path)
  return found ?? expect.fail(`${method} ${path} is not in the catalogue`)
}

const NATIVE = operation('POST', '/v3/pay/transactions/native')
const ORDER = {
  appid: 'wxd678efh567hg6787',
  mchid: '1900000109',
  description: 'QQ公仔',
  out_trade_no: '1217752501201407033233368018',
  notify_url: 'https://www.weixin.qq.com/wxpay/pay.php',
  amount: { total: 100 },
}

const refusal = (field: string, value: unknown, location = 'body') =>
  expect.objectContaining({
    statusCode: 400,
    code: 'PARAM_ERROR',
    detail: { field, value, issue: expect.any(String), location },
  })

describe('a payload', () => {
  it('is accepted with undocumented fields, and with undocumented values of an open list', async () => {
    await checkBody(NATIVE, { ...ORDER, unknown: null, limit_pay: ['no_such_limit'] })
  })

  it.each([
    [{ amount: {} }, '/amount/total', ''],
    [{ amount: { total: '100' } }, '/amount/total', '100'],
    [{ amount: [] }, '/amount', []],
    [{ amount: { total: 1.5 } }, '/amount/total', 1.5],
    [{ support_fapiao: 'true' }, '/support_fapiao', 'true'],
    [{ time_expire: 'tomorrow' }, '/time_expire', 'tomorrow'],
    [{ attach: null }, '/attach', null],
    [{ limit_pay: 'no_credit' }, '/limit_pay', 'no_credit'],
    [{ detail: { goods_detail: [{ merchant_goods_id: '1', quantity: 1 }] } }, '/detail/goods_detail/0/unit_price', ''],
  ])('is refused with the first invalid field: %j', async (changes, field, value) => {
    await expect(checkBody(NATIVE, { ...ORDER, ...changes })).rejects.toThrow(refusal(field, value))
  })

  it('is refused when it is not an object', async () => {
    await expect(checkBody(NATIVE, [])).rejects.toThrow(refusal('', []))
  })

  it('is refused with the official label of the field, in the words of WeChat Pay', async () => {
    const { amount: _, ...order } = ORDER
    await expect(checkBody(NATIVE, order)).rejects.toThrow(
      '输入源“/body/amount”映射到字段“订单金额”规则校验失败，此字段为必填项',
    )
    await expect(checkBody(NATIVE, { ...ORDER, amount: { total: '1' } })).rejects.toThrow(
      '输入源“/body/amount/total”映射到字段“总金额”规则校验失败，此字段需要一个 integer 类型的 Json 值',
    )
  })

  it('is refused with all names when one of several fields is required', async () => {
    const refund = { out_refund_no: '1', amount: { refund: 1, total: 1, currency: 'CNY' } }
    await expect(checkBody(operation('POST', '/v3/refund/domestic/refunds'), refund)).rejects.toThrow(
      /transaction_id、out_trade_no/,
    )
  })

  it('is refused without the value of a field that arrives encrypted', async () => {
    const add = operation('POST', '/v3/profitsharing/receivers/add')
    const receiver = { appid: 'wx', type: 'MERCHANT_ID', account: '1', relation_type: 'STORE', name: 12 }
    await expect(checkBody(add, receiver)).rejects.toThrow(refusal('/name', undefined))
  })

  it('is refused by additional rules, with the label of the catalogue', async () => {
    const rules = { properties: { amount: { properties: { total: { minimum: 1 } } } } }
    await checkRules(NATIVE, rules, ORDER)
    await expect(checkRules(NATIVE, rules, { ...ORDER, amount: { total: 0 } })).rejects.toThrow(
      '输入源“/body/amount/total”映射到字段“总金额”规则校验失败，值低于最小值 1',
    )
  })
})

describe('a parameter', () => {
  const received = (query: string, params: Record<string, string> = {}) => ({
    params,
    query: new URLSearchParams(query),
    headers: {},
  })
  const STATEMENT = operation('GET', '/v3/marketing/favor/stocks')

  it('has its documented type', async () => {
    expect(await checkParameters(STATEMENT, received('offset=0&limit=8&stock_creator_mchid=19&other=x'))).toEqual({
      offset: 0,
      limit: 8,
      stock_creator_mchid: '19',
    })
  })

  it.each([
    ['offset=a&limit=8&stock_creator_mchid=19', 'offset', 'a'],
    ['offset=0&limit=8', 'stock_creator_mchid', ''],
    ['offset=0&limit=8&stock_creator_mchid=', 'stock_creator_mchid', ''],
    ['offset=0&limit=8&stock_creator_mchid=19&create_start_time=monday', 'create_start_time', 'monday'],
  ])('is refused by its name: %s', async (query, field, value) => {
    await expect(checkParameters(STATEMENT, received(query))).rejects.toThrow(refusal(field, value, 'query'))
  })

  it('is refused by its name in the path and in a header, too', async () => {
    const state = operation('GET', '/v3/apply4subject/applyment/merchants/{sub_mchid}/state')
    await expect(checkParameters(state, received('', { sub_mchid: '1' }))).rejects.toThrow(
      refusal('sub_mchid', '1', 'url'),
    )
    await expect(checkParameters(operation('POST', '/v3/marketing/partnerships/build'), received(''))).rejects.toThrow(
      refusal('Idempotency-Key', '', 'header'),
    )
  })
})
