import { expect, it } from 'vitest'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, brandpay, notify_url } = shop
const { productCoupon } = brandpay.brand.marketing
const partner = wxpay.v3.marketing.partner.productCoupon
const { cardMember } = brandpay.brand
const { brand_id } = simulator.brand
const image_url = 'https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/xxx'

const rules = {
  coupon_code_mode: 'WECHATPAY' as const,
  usage_rule_display_info: { coupon_usage_method_list: ['OFFLINE' as const], usage_description: '工作日可用' },
  coupon_display_info: { code_display_mode: 'QRCODE' as const },
  notify_config: { notify_appid: appid },
  store_scope: 'NONE' as const,
}
const coupon_available_period = {
  available_begin_time: `${shop.day}T00:00:00+08:00`,
  available_end_time: `${shop.day}T22:00:00+08:00`,
}
const coupon = () => ({
  out_request_no: number('COUPON'),
  scope: 'ALL' as const,
  type: 'NORMAL' as const,
  display_info: { name: '全场立减', image_url, background_url: image_url },
})
const stock = (over: object = {}) => ({
  ...rules,
  stock_send_rule: { max_count: 3, max_count_per_user: 1 },
  single_usage_rule: { coupon_available_period, normal_coupon: { threshold: 1000, discount_amount: 100 } },
  ...over,
})
const create = async (over: object = {}) => {
  const json = { ...coupon(), usage_mode: 'SINGLE' as const, stock: stock(over) }
  const { data } = await productCoupon.productCoupons.post({ json })
  expect((await productCoupon.productCoupons.post({ json })).data).toEqual(data)
  return { product_coupon_id: data.product_coupon_id, stock_id: data.stock?.stock_id ?? '' }
}
const user = (openid: string, coupon_code: string, names: Awaited<ReturnType<typeof create>>) => {
  const one = productCoupon.users._openid_.coupons._coupon_code_
  const path = { openid, coupon_code }
  const json = () => ({ ...names, appid, out_request_no: number('REQUEST') })
  return {
    get: async () => (await one.get({ ...path, query: { ...names, appid } })).data,
    confirm: () => one.confirm.post({ ...path, json: json() }),
    use: (transaction_id = '4200') =>
      one.use.post({
        ...path,
        json: { ...json(), use_time: `${shop.day}T12:00:00+08:00`, associated_order_info: { transaction_id } },
      }),
    return: () => one.return.post({ ...path, json: json() }),
    deactivate: () => one.deactivate.post({ ...path, json: { ...json(), deactivate_reason: '发错了' } }),
  }
}
const send = async (openid: string, names: Awaited<ReturnType<typeof create>>, over: object = {}) => {
  const json = { ...names, appid, send_request_no: number('SEND'), attach: '第一单', ...over }
  const { data } = await productCoupon.users._openid_.coupons.post({ openid, json })
  return { ...user(openid, data.coupon_code, names), ...data }
}
const refused = { code: 'INVALID_REQUEST' }

it("a brand's coupon is sent, confirmed, used, returned, cancelled, and expires", async () => {
  await productCoupon.notifyConfigs.post({ json: { notify_url } })
  const names = await create()
  const anna = await send('anna', names)
  expect(anna).toMatchObject({
    coupon_state: 'CONFIRMING',
    stock: { state: 'SENDING', sent_count_info: { total_count: 1 } },
  })
  expect(await shop.received()).toMatchObject([
    {
      event_type: 'PRODUCT_COUPON.SEND',
      resource: { brand_id, coupon_code: anna.coupon_code, openid: 'anna', attach: '第一单', send_channel: 'API' },
    },
  ])
  expect(await failure(send('anna', names))).toMatchObject({ code: 'RULE_LIMIT' })
  expect(await failure(anna.use())).toMatchObject(refused)
  await anna.confirm()
  expect(await anna.get()).toMatchObject({ coupon_state: 'EFFECTIVE', confirm_time: expect.any(String) })
  const out_trade_no = number('ORDER')
  const order = { appid, mchid: shop.mchid, description: '商品', out_trade_no, notify_url, amount: { total: 900 } }
  await wxpay.v3.pay.transactions.native.post({ json: order })
  const { transaction_id } = simulator.pay(out_trade_no)
  await anna.use(transaction_id)
  expect(await failure(anna.use(transaction_id))).toMatchObject(refused)
  expect(await anna.get()).toMatchObject({
    coupon_state: 'USED',
    single_usage_detail: { use_time: expect.any(String), associated_order_info: { transaction_id } },
  })
  await anna.return()
  expect(await anna.get()).toMatchObject({
    coupon_state: 'EFFECTIVE',
    single_usage_detail: { return_time: expect.any(String) },
  })

  const ben = await send('ben', names)
  await ben.deactivate()
  expect(await ben.get()).toMatchObject({ coupon_state: 'DEACTIVATED', deactivate_reason: '发错了' })
  const clara = await send('clara', names)
  await clara.confirm()
  expect(await failure(send('dora', names))).toMatchObject({ code: 'RULE_LIMIT' })
  const stocks = productCoupon.productCoupons._product_coupon_id_.stocks._stock_id_
  const more = { update_mode: 'MAX_COUNT' as const, current_max_count: 3, target_max_count: 4 }
  await stocks.updateBudget.post({ ...names, json: { ...more, out_request_no: number() } })
  expect(
    await failure(stocks.updateBudget.post({ ...names, json: { ...more, out_request_no: number() } })),
  ).toMatchObject(refused)
  await send('dora', names)
  expect(await shop.told()).toEqual([
    'TRANSACTION.SUCCESS',
    'PRODUCT_COUPON.USE',
    'PRODUCT_COUPON.RETURN',
    ...['ben', 'clara', 'dora'].map(() => 'PRODUCT_COUPON.SEND'),
  ])
  const list = async (coupon_state: string) =>
    (await productCoupon.users._openid_.coupons.get({ openid: 'clara', query: { appid, coupon_state } })).data
  expect(await list('EFFECTIVE')).toMatchObject({
    total_count: 1,
    user_coupon_list: [{ coupon_code: clara.coupon_code }],
  })

  // Codes of the brand's own, one by one, and in advance.
  const assigned = await create({ coupon_code_mode: 'API_ASSIGN' })
  expect(await failure(send('anna', assigned))).toMatchObject(refused)
  expect(await send('anna', assigned, { coupon_code: 'MINE_0001' })).toMatchObject({ coupon_code: 'MINE_0001' })
  const uploaded = await create({ coupon_code_mode: 'UPLOAD' })
  expect(await failure(send('anna', uploaded))).toMatchObject({ code: 'RULE_LIMIT' })
  await stocks.uploadCouponCodes.post({ ...uploaded, json: { out_request_no: number(), code_list: ['POOL_0001'] } })
  expect(await send('anna', uploaded)).toMatchObject({ coupon_code: 'POOL_0001' })

  // Several at once: each of them in its turn.
  const json = {
    ...coupon(),
    usage_mode: 'PROGRESSIVE_BUNDLE' as const,
    progressive_bundle_usage_info: { count: 2 },
    stock_bundle: {
      ...rules,
      stock_send_rule: { max_count: 9, max_count_per_user: 1 },
      progressive_bundle_usage_rule: {
        coupon_available_period,
        normal_coupon_list: [100, 200].map(discount_amount => ({ threshold: 1000, discount_amount })),
      },
    },
  }
  const { product_coupon_id, stock_bundle } = (await productCoupon.productCoupons.post({ json })).data
  expect(stock_bundle?.stock_list).toMatchObject(
    [100, 200].map(discount_amount => ({ progressive_bundle_usage_rule: { normal_coupon: { discount_amount } } })),
  )
  const bundle = (
    await productCoupon.users._openid_.couponBundles.post({
      openid: 'emma',
      json: {
        product_coupon_id,
        stock_bundle_id: stock_bundle?.stock_bundle_id ?? '',
        appid,
        send_request_no: number('SEND'),
      },
    })
  ).data
  const [first, second] = bundle.user_product_coupon_list.map(({ coupon_code, stock }) =>
    user('emma', coupon_code, { product_coupon_id, stock_id: stock.stock_id }),
  )
  await first?.confirm()
  await first?.use()
  expect(await second?.get()).toMatchObject({
    user_product_coupon_bundle_info: { user_coupon_bundle_index: 1, total_count: 2, used_count: 1 },
  })

  // What ends: the coupon by the brand, the others by their time.
  await productCoupon.productCoupons._product_coupon_id_.deactivate.post({
    product_coupon_id: assigned.product_coupon_id,
    json: { out_request_no: number(), deactivate_reason: '下架' },
  })
  expect(await failure(send('late', assigned, { coupon_code: 'MINE_0002' }))).toMatchObject(refused)
  await simulator.advance({ hours: 10 })
  expect((await clara.get()).coupon_state).toBe('EXPIRED')
  expect((await stocks.get(names)).data.state).toBe('STOPPED')
  expect(await failure(send('late', names))).toMatchObject(refused)
  await simulator.advance({ hours: 14 })
  expect((await shop.trades()).rows.map(row => [row.商户订单号, row.订单金额])).toEqual([[out_trade_no, '9.00']])
  expect(await shop.flows()).toEqual([[out_trade_no, '交易', 900]])
})

it('a partner acts for the brand, in the same book, and is notified of sent coupons', async () => {
  await partner.notifyConfigs.post({ json: { notify_url } })
  const period = { ...coupon_available_period, available_end_time: '2099-01-01T00:00:00+08:00' }
  const { data } = await partner.productCoupons.post({
    json: {
      ...coupon(),
      brand_id,
      usage_mode: 'SINGLE',
      stock: stock({ single_usage_rule: { coupon_available_period: { ...period, wait_days_after_receive: 1 } } }),
    },
  })
  const { product_coupon_id, stock: made } = data
  const names = { product_coupon_id, stock_id: made?.stock_id ?? '' }
  const sent = await partner.users._openid_.coupons.post({
    openid: 'anna',
    json: { ...names, brand_id, appid, send_request_no: number('SEND') },
  })
  expect(sent.data).toMatchObject({ brand_id, coupon_state: 'CONFIRMING' })
  const events = await shop.received()
  expect(events.map(({ event_type }) => event_type).sort()).toEqual(['PRODUCT_COUPON.SEND', 'PRODUCT_COUPON_SP.SEND'])
  // The brand confirms what its partner has sent. It can be used from tomorrow on.
  const anna = user('anna', sent.data.coupon_code, names)
  await anna.confirm()
  expect((await anna.get()).coupon_state).toBe('PENDING')
  expect(await failure(anna.use())).toMatchObject(refused)
  await simulator.advance({ days: 1 })
  await anna.use()
  expect((await anna.get()).coupon_state).toBe('USED')
})

it("a user opens a brand's card, and gets the gifts for new members", async () => {
  const gift = await create({
    single_usage_rule: {
      coupon_available_period: { ...coupon_available_period, available_end_time: '2099-01-01T00:00:00+08:00' },
    },
  })
  const json = {
    out_request_no: number('CARD'),
    appid,
    card_type: 'NORMAL' as const,
    card_title: '会员卡',
    card_color: '#FFFF00',
    card_picture_url: image_url,
    code_mode: 'SYSTEM_ALLOCATE' as const,
    code_type: 'NONE_CODE' as const,
    benefits: '会员价',
    notify_url,
    valid_date_information: { type: 'FIX_TERM' as const, available_day_after_receive: 30 },
  }
  const { card_id } = (await cardMember.cards.post({ json })).data
  const begin_time = `${shop.day}T00:00:00+08:00`
  const activity = {
    out_request_no: number('ACTIVITY'),
    card_id,
    activity_channel: 'MECHANT_APP_COMPONENT' as const,
    title: '入会有礼',
    sub_title: '送券',
    begin_time,
    end_time: '2099-01-01T00:00:00+08:00',
    apply_total: 1,
    product_coupon_stock_list: [gift],
  }
  const { activity_id } = (await cardMember.membershipActivities.post({ json: activity })).data
  await cardMember.preAuthTokens.post({ json: { card_id, openid: 'fiona' } })
  simulator.confirm('fiona')
  const [opened] = await shop.received()
  expect(opened).toMatchObject({
    event_type: 'BRAND_MEMBER_CARD.USER_CARD.CREATE',
    resource: { card_id, openid: 'fiona', brand_id, user_card_state: 'UNACTIVATED' },
  })
  const user_card_code: string = Reflect.get(Object(opened?.resource), 'user_card_code')
  const one = cardMember.userCards._user_card_code_
  const who = { card_id, openid: 'fiona' }
  const state = async () => (await one.get({ user_card_code, query: who })).data
  await one.confirm.post({
    user_card_code,
    json: { ...who, user_card_confirm_state: 'CREATE_CARD_SUCCESS', level: '白银' },
  })
  expect(await state()).toMatchObject({ user_card_state: 'EFFECTIVE', level: '白银' })
  expect(await shop.received()).toMatchObject([
    { event_type: 'PRODUCT_COUPON.SEND', resource: { openid: 'fiona', send_channel: 'MEMBER', ...gift } },
  ])
  expect((await cardMember.membershipActivities._activity_id_.get({ activity_id })).data).toMatchObject({
    activity_state: 'MEMBERSHIP_ACTIVITY_EFFECTIVE',
    apply_available: 0,
  })
  const points = { out_request_no: number(), ...who, user_card_code, point_balance: 50 }
  expect((await cardMember.userPoints.sync.post({ json: points })).data).toMatchObject({ brand_id, point_balance: 50 })

  await cardMember.userCards.importByOpenid.post({ json: { card_id, openid: 'gina', user_card_code: 'OLD0001' } })
  await one.invalidate.post({ user_card_code: 'OLD0001', json: { card_id, openid: 'gina', invalid_reason: '退会' } })
  const cards = (await cardMember.userCards.get({ query: { openid: 'gina', offset: 0, limit: 10 } })).data
  expect(cards).toMatchObject({ total_count: 1, data: [{ user_card_state: 'INVALID', invalid_reason: '退会' }] })
  await simulator.advance({ days: 30 })
  expect((await state()).user_card_state).toBe('EXPIRED')
})
