import { describe, expect, inject, it } from 'vitest'
import { editor } from './editor.js'

const { folder } = inject('installation')

describe('in an editor', () => {
  const head =
    "import { Builder } from 'wechatpay-chain'\nconst wxpay = Builder.factory({ mchid: '1', privateKey: 'a' })\n"
  const at = (statement: string) => editor(folder, head + statement)

  it('a node offers its segments and verbs', () => {
    expect(at('wxpay.v3.pay.|').completions()).toEqual(expect.arrayContaining(['transactions', 'partner', 'chain']))
    expect(at('wxpay.v3.pay.transactions.native.|').completions()).toEqual(
      expect.arrayContaining(['post', 'postAsync']),
    )
    expect(at('wxpay.v3.pay.transactions.native.|').completions()).not.toContain('get')
  })

  it('chain() and brackets offer the documented paths', () => {
    expect(at("wxpay.chain('|')").completions()).toContain('v3/pay/transactions/native')
    expect(at("wxpay['|']").completions()).toContain('v3/pay/transactions/native')
  })

  it('a payload offers its fields', () => {
    expect(at('wxpay.v3.pay.transactions.native.post({ json: { | } })').completions()).toContain('out_trade_no')
  })

  it('an open list of values offers the known ones, as a closed one does', () => {
    expect(at("wxpay.v3.pay.transactions.native.post({ json: { limit_pay: ['|'] } })").completions()).toContain(
      'no_balance',
    )
    expect(at("wxpay.v3.bill.tradebill.get({ query: { tar_type: '|' } })").completions()).toContain('GZIP')
    const order =
      "(await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no: '1', query: { mchid: '1' } }))"
    expect(at(`if (${order}.data.trade_state === '|') wxpay`).completions()).toContain('USERPAYING')
  })

  it('a verb shows its official title, and the link to its page', () => {
    const text = at('wxpay.v3.pay.transactions.native.po|st').hover()
    expect(text).toContain('Native下单')
    expect(text).toContain('https://pay.weixin.qq.com/doc/')
  })

  it('a field shows its official label', () => {
    expect(at("wxpay.v3.pay.transactions.native.post({ json: { out_tra|de_no: '1' } })").hover()).toContain(
      '商户订单号',
    )
  })

  it('a field of which one of several is required says so', () => {
    const text = at(
      "wxpay.v3.refund.domestic.refunds.post({ json: { transac|tion_id: '1', out_trade_no: '1' } })",
    ).hover()
    expect(text).toContain('微信支付订单号')
    expect(text).toContain('one of `transaction_id`, `out_trade_no` is required')
  })

  it('an amount shows what it is counted in', () => {
    expect(at('wxpay.v3.pay.transactions.native.post({ json: { amount: { to|tal: 1 } } })').hover()).toContain('分')
  })
})
