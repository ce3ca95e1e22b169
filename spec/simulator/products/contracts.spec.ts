import { describe, expect, it } from 'vitest'
import { appid, number, openShop } from '../stories/shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url, told } = shop
const service_id = '2002000000000558128851361561536'

const orderOf = async (out_trade_no: string) =>
  (await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no, query: { mchid } })).data

describe('a service order', () => {
  const names = { appid, service_id }
  const open = async (over: object = {}) => {
    const out_order_no = number()
    const { data } = await wxpay.v3.payscore.serviceorder.post({
      json: {
        ...names,
        out_order_no,
        service_introduction: '充电宝',
        time_range: { start_time: 'OnAccept' },
        risk_fund: { name: 'DEPOSIT', amount: 9900 },
        notify_url,
        ...over,
      },
    })
    return { out_order_no, data }
  }
  const query = async (out_order_no: string) =>
    (await wxpay.v3.payscore.serviceorder.get({ query: { out_order_no, ...names } })).data
  const complete = (out_order_no: string, total_amount: number) =>
    wxpay.v3.payscore.serviceorder._out_order_no_.complete.post({
      out_order_no,
      json: { ...names, total_amount, post_payments: [{ name: '租金', amount: total_amount }] },
    })
  const cancel = (out_order_no: string) =>
    wxpay.v3.payscore.serviceorder._out_order_no_.cancel.post({ out_order_no, json: { ...names, reason: '不租了' } })

  it('is confirmed by the user, completed by the merchant, paid, and can be refunded', async () => {
    const { out_order_no, data } = await open()
    expect(data).toMatchObject({ out_order_no, state: 'CREATED', order_id: expect.stringMatching(/^1500\d+$/) })
    await expect(complete(out_order_no, 300)).rejects.toMatchObject({ code: 'INVALID_ORDER_STATE' })
    simulator.confirm(out_order_no)
    expect(await query(out_order_no)).toMatchObject({ state: 'DOING', state_description: 'USER_CONFIRM' })
    await complete(out_order_no, 300)
    expect(await query(out_order_no)).toMatchObject({
      state: 'DOING',
      state_description: 'MCH_COMPLETE',
      collection: { state: 'USER_PAYING', paying_amount: 300 },
    })
    const { transaction_id = '' } = simulator.pay(out_order_no)
    expect(await query(out_order_no)).toMatchObject({
      state: 'DONE',
      collection: { state: 'USER_PAID', paid_amount: 300, details: [{ transaction_id }] },
    })
    expect(await told()).toEqual(['PAYSCORE.USER_CONFIRM', 'PAYSCORE.USER_PAID'])
    const { data: refund } = await wxpay.v3.refund.domestic.refunds.post({
      json: { transaction_id, out_refund_no: number(), amount: { refund: 300, total: 300, currency: 'CNY' } },
    })
    expect(refund.status).toBe('PROCESSING')
    await expect(cancel(out_order_no)).rejects.toMatchObject({ code: 'ORDER_DONE' })
  })

  it('without confirmation is DOING at once, and is paid by itself', async () => {
    const { out_order_no, data } = await open({ need_user_confirm: false, openid: 'the-user' })
    expect(data.state).toBe('DOING')
    await complete(out_order_no, 200)
    await simulator.advance({ minutes: 1 })
    expect(await query(out_order_no)).toMatchObject({ state: 'DONE', openid: 'the-user' })
  })

  it('that cannot be paid stays USER_PAYING until it is paid or its price changes', async () => {
    const { out_order_no } = await open({ need_user_confirm: false, openid: 'the-user' })
    await complete(out_order_no, 200)
    expect(simulator.pay(out_order_no, { fail: 'NOTENOUGH' })).toEqual({})
    await simulator.advance({ days: 1 })
    expect(await query(out_order_no)).toMatchObject({ collection: { state: 'USER_PAYING' } })
    await wxpay.v3.payscore.serviceorder._out_order_no_.modify.post({
      out_order_no,
      json: { ...names, total_amount: 150, post_payments: [{ name: '租金', amount: 150 }], reason: '优惠' },
    })
    await simulator.advance({ minutes: 1 })
    expect(await query(out_order_no)).toMatchObject({ state: 'DONE', collection: { paid_amount: 150 } })
  })

  it('is DONE without a payment when nothing is to be paid', async () => {
    const { out_order_no } = await open({ need_user_confirm: false, openid: 'the-user' })
    await complete(out_order_no, 0)
    expect(await query(out_order_no)).toMatchObject({ state: 'DONE', need_collection: false })
  })

  it('is cancelled, or expires after 30 days', async () => {
    const [cancelled, expired] = [await open(), await open()]
    await cancel(cancelled.out_order_no)
    expect(await query(cancelled.out_order_no)).toMatchObject({ state: 'REVOKED' })
    expect(() => simulator.confirm(cancelled.out_order_no)).toThrow(expect.objectContaining({ code: 'ORDER_CANCELED' }))
    await simulator.advance({ days: 30 })
    expect(await query(expired.out_order_no)).toMatchObject({ state: 'EXPIRED' })
  })
})

describe('a contract', () => {
  const plan_id = 12535
  const sign = async (out_contract_code: string) =>
    (
      await wxpay.v3.papay.sign.contracts.preEntrustSign.post({
        json: {
          sign_scene: 'SIGN_SCENE_APP',
          appid,
          plan_id,
          out_contract_code,
          contract_display_account: '微信代扣',
          contract_notify_url: notify_url,
          out_user_code: 'user',
          device_info: {
            device_type: 'DEVICE_TYPE_PHONE',
            device_os: 'iOS',
            device_id: '1',
            device_running_as_root: false,
            device_ip: '127.0.0.1',
            weixin_installed: true,
            weixin_version: '8',
            days_since_first_login: 'DAYS_SINCE_FIRST_LOGIN_WITHIN_1_DAY',
          },
        },
      })
    ).data
  const query = async (out_contract_code: string) =>
    (
      await wxpay.v3.papay.sign.contracts.planId._plan_id_.outContractCode._out_contract_code_.get({
        plan_id,
        out_contract_code,
      })
    ).data
  const terminate = (out_contract_code: string) =>
    wxpay.v3.papay.sign.contracts.planId._plan_id_.outContractCode._out_contract_code_.terminate.post({
      plan_id,
      out_contract_code,
      json: { contract_termination_remark: '不再使用' },
    })
  const deduct = (contract_id: string, out_trade_no: string, total = 100) =>
    wxpay.v3.papay.pay.transactions.apply.post({
      json: {
        appid,
        out_trade_no,
        description: '会员',
        transaction_notify_url: notify_url,
        contract_id,
        amount: { total, currency: 'CNY' },
      },
    })

  it('is signed, deducts, and is terminated', async () => {
    const code = number()
    await sign(code)
    await expect(query(code)).rejects.toMatchObject({ code: 'RESOURCE_NOT_EXISTS' })
    simulator.confirm(code)
    const { contract_id, ...contract } = await query(code)
    expect(contract).toMatchObject({ contract_state: 'SIGNED', out_contract_code: code, plan_id })
    const [paid, failed] = [number(), number()]
    expect((await deduct(contract_id, paid)).data).toEqual({
      out_trade_no: paid,
      amount: { total: 100, currency: 'CNY' },
    })
    await deduct(contract_id, failed)
    await deduct(contract_id, failed)
    expect(await orderOf(paid)).toMatchObject({ trade_state: 'ACCEPT' })
    simulator.pay(failed, { fail: 'NOTENOUGH' })
    await simulator.advance({ minutes: 1 })
    expect(await orderOf(paid)).toMatchObject({ trade_state: 'SUCCESS', trade_type: 'PAP' })
    expect(await orderOf(failed)).toMatchObject({ trade_state: 'PAY_FAIL' })
    await terminate(code)
    expect(await query(code)).toMatchObject({
      contract_state: 'TERMINATED',
      contract_terminate_info: { contract_termination_mode: 'MCH_API_TERMINATE' },
    })
    await expect(deduct(contract_id, number())).rejects.toMatchObject({ code: 'CONTRACT_NOT_EXIST' })
    await expect(terminate(code)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
    expect(await told()).toEqual(['ENTRUST.SIGN', 'TRANSACTION.FAIL', 'TRANSACTION.SUCCESS', 'ENTRUST.TERMINATE'])
  })

  it('that could not be signed cannot deduct', async () => {
    const code = number()
    await sign(code)
    simulator.confirm(code, { fail: 'SIGN_FAILED' })
    const { contract_state, contract_id } = await query(code)
    expect(contract_state).toBe('SIGN_FAILED')
    await expect(deduct(contract_id, number())).rejects.toMatchObject({ code: 'CONTRACT_NOT_EXIST' })
  })
})
