/** The call of every client: a native order, and the code_url of its response. */

export const orderPath = '/v3/pay/transactions/native'

export const order = {
  appid: 'wxd678efh567hg6787',
  mchid: '1900000109',
  description: 'Image形象店-深圳腾大-QQ公仔',
  out_trade_no: '1217752501201407033233368018',
  notify_url: 'https://pay.example.com/notify',
  amount: { total: 100, currency: 'CNY' },
}

export const codeUrl = 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz'
