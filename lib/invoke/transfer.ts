/** The page on which a user confirms a transfer (商家转账), or authorizes future ones. */
import { choose } from './business-view.js'
import { checked, queryOf } from './fields.js'

export interface Transfer {
  mchId: string
  appId: string
  /** The `package_info` from the response that created the transfer, while its state is WAIT_USER_CONFIRM. */
  package: string
  /** The sub-merchant of a service provider. */
  subMchId?: string
  subAppId?: string
  /** The user's openid. */
  openId?: string
}

interface TransferViews {
  miniProgram: Transfer
  jsapi: Transfer
  app: { businessType: 'requestMerchantTransfer'; query: string }
}

/**
 * For `wx.requestMerchantTransfer` in a mini program, `WeixinJSBridge.invoke('requestMerchantTransfer', …)` in a page, and
 * `WXOpenBusinessView.Req` in an app. Needs no key: WeChat Pay has encrypted `package_info`.
 */
export function merchantTransfer<Where extends keyof TransferViews>(
  transfer: Transfer,
  platform: Where,
): TransferViews[Where] {
  const fields = checked(transfer, ['mchId', 'appId', 'package'])
  const views: TransferViews = {
    miniProgram: fields,
    jsapi: fields,
    app: { businessType: 'requestMerchantTransfer', query: queryOf(fields) },
  }
  return choose(views, platform)
}
