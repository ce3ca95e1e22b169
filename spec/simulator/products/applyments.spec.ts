import { expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { failure } from '../../async.js'
import { appid, number, openShop } from '../stories/shop.js'

const mchid = '1900000109'
const shop = await openShop({ merchants: [{ mchid, role: 'partner', subs: [] }] })
const { simulator, wxpay } = shop
const { ecommerce, applyment4sub, apply4sub } = wxpay.v3
const applications = ecommerce.applyments
const refused = { code: 'INVALID_REQUEST' }

const apply = async (out_request_no: string, over: object = {}) =>
  (
    await applications._empty_.post({
      json: {
        out_request_no,
        organization_type: '2401',
        account_info: {
          bank_account_type: '75',
          account_bank: '招商银行',
          account_name: '张三',
          account_number: '62220200001234',
        },
        contact_info: {
          contact_type: '65',
          contact_name: '张三',
          mobile_phone: '18500000000',
          contact_email: 'a@b.example',
        },
        sales_scene_info: { store_name: '小店', store_url: 'https://shop.example' },
        merchant_shortname: '小店',
        ...over,
      },
    })
  ).data.applyment_id
const query = async (out_request_no: string) =>
  (await applications.outRequestNo._out_request_no_.get({ out_request_no })).data

it('a sub-merchant is checked, audited, signs, and from then on the platform acts for it', async () => {
  const no = number('APPLY')
  const applyment_id = await apply(no)
  expect(Number.isSafeInteger(applyment_id)).toBe(true)
  expect(await apply(no)).toBe(applyment_id)
  expect(await failure(apply(no, { merchant_shortname: '大店' }))).toMatchObject(refused)
  expect(await query(no)).toMatchObject({ applyment_state: 'CHECKING', sign_state: 'NOT_SIGNABLE' })
  await simulator.advance({ minutes: 1 })
  expect(await query(no)).toMatchObject({ applyment_state: 'AUDITING' })
  expect(() => simulator.confirm(no)).toThrow(expect.objectContaining(refused))
  await simulator.advance({ minutes: 1 })
  const { sub_mchid = '', sign_url } = await query(no)
  expect([sub_mchid, sign_url]).toEqual([expect.stringMatching(/^16\d{8}$/), expect.stringContaining('https://')])
  const balance = () => ecommerce.fund.balance._sub_mchid_.get({ sub_mchid })
  expect(await failure(balance())).toMatchObject({ code: 'NO_AUTH' })
  simulator.confirm(no)
  expect((await applications._applyment_id_.get({ applyment_id })).data).toMatchObject({
    applyment_state: 'FINISH',
    sign_state: 'SIGNED',
    sub_mchid,
  })
  expect((await balance()).data).toMatchObject({ available_amount: 0 })

  const { settlement, modifySettlement, application } = apply4sub.sub_merchants._sub_mchid_
  const account = async () => (await settlement.get({ sub_mchid })).data
  expect(await account()).toMatchObject({ account_bank: '招商银行', account_number: '**********1234' })
  const change = async (account_number: string) =>
    (
      await modifySettlement.post({
        sub_mchid,
        json: { account_type: 'ACCOUNT_TYPE_BUSINESS', account_bank: '工商银行', account_number },
      })
    ).data.application_no
  const changed = await change('62220200005678')
  simulator.settle(await change('62220200009999'), { fail: '账号不存在' })
  expect(await account()).toMatchObject({ account_number: '**********1234' })
  simulator.settle(changed)
  expect(await account()).toMatchObject({ account_bank: '工商银行', account_number: '**********5678' })
  expect((await application._application_no_.get({ sub_mchid, application_no: changed })).data).toMatchObject({
    verify_result: 'AUDIT_SUCCESS',
    account_name: '张*',
  })
})

it('a rejected application has a reason, and can be changed and revoked', async () => {
  const no = number('APPLY')
  const applyment_id = await apply(no)
  simulator.settle(no, { fail: '照片不清晰' })
  expect(await query(no)).toMatchObject({
    applyment_state: 'REJECTED',
    audit_detail: [{ reject_reason: '照片不清晰' }],
  })
  expect(await apply(no, { merchant_shortname: '大店' })).toBe(applyment_id)
  expect(await query(no)).toMatchObject({ applyment_state: 'CHECKING' })
  await applications._applyment_id_.revoke.post({ applyment_id })
  expect(await query(no)).toMatchObject({ applyment_state: 'CANCELED' })
  expect(await failure(applications._applyment_id_.revoke.post({ applyment_id }))).toMatchObject(refused)
})

it('partners apply for a small merchant without an applicant or a place of sale', async () => {
  const business_code = number('CODE')
  const { data } = await applyment4sub.applyment._empty_.post({
    json: {
      business_code,
      contact_info: { contact_name: '张三', mobile_phone: '18500000000', contact_email: 'a@b.example' },
      subject_info: {
        subject_type: 'SUBJECT_TYPE_MICRO',
        micro_biz_info: { micro_biz_type: 'MICRO_TYPE_STORE' },
        identity_info: { id_doc_type: 'IDENTIFICATION_TYPE_IDCARD' },
      },
      business_info: { merchant_shortname: '小店', service_phone: '075500000000' },
      settlement_info: { settlement_id: '703', qualification_type: '餐饮' },
      bank_account_info: {
        bank_account_type: 'BANK_ACCOUNT_TYPE_PERSONAL',
        account_name: '张三',
        account_bank: '工商银行',
        account_number: '62220200001234',
      },
    },
  })
  const found = await applyment4sub.applyment.business_code._business_code_.get({ business_code })
  expect(found.data).toMatchObject({ applyment_id: data.applyment_id, applyment_state: 'APPLYMENT_STATE_AUDITING' })
})

it('partners see the same under the names of their API, and may act for no other sub-merchant', async () => {
  const business_code = number('CODE')
  const person = { id_doc_type: 'IDENTIFICATION_TYPE_IDCARD' } as const
  const { data } = await applyment4sub.applyment._empty_.post({
    json: {
      business_code,
      contact_info: {
        contact_type: 'LEGAL',
        contact_name: '张三',
        mobile_phone: '18500000000',
        contact_email: 'a@b.example',
      },
      subject_info: { subject_type: 'SUBJECT_TYPE_INDIVIDUAL', identity_info: person },
      business_info: {
        merchant_shortname: '小店',
        service_phone: '075500000000',
        sales_info: { sales_scenes_type: ['SALES_SCENES_STORE'] },
      },
      settlement_info: { settlement_id: '719', qualification_type: '餐饮' },
      bank_account_info: {
        bank_account_type: 'BANK_ACCOUNT_TYPE_CORPORATE',
        account_name: '小店',
        account_bank: '工商银行',
        account_number: '62220200001234',
      },
    },
  })
  const state = async () =>
    (await applyment4sub.applyment.applyment_id._applyment_id_.get({ applyment_id: data.applyment_id })).data
  expect(await state()).toMatchObject({ business_code, applyment_state: 'APPLYMENT_STATE_AUDITING', audit_detail: [] })
  simulator.settle(business_code)
  expect(await state()).toMatchObject({ applyment_state: 'APPLYMENT_STATE_TO_BE_SIGNED' })
  simulator.confirm(business_code)
  const { sub_mchid = '' } = await state()
  const order = (sub: string) =>
    Builder.factory(simulator.config).v3.pay.partner.transactions.native.post({
      json: {
        sp_appid: appid,
        sp_mchid: mchid,
        sub_mchid: sub,
        description: '商品',
        out_trade_no: number('ORDER'),
        notify_url: 'https://shop.example/pay',
        amount: { total: 100 },
      },
    })
  expect(await failure(order('1900000999'))).toMatchObject({ code: 'NO_AUTH' })
  expect((await order(sub_mchid)).data.code_url).toContain('weixin://')
})
