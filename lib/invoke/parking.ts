/** The mini programs of WeChat Pay Score for parking (微信支付分停车服务): to open the service, and to pay a debt. */
import * as Formatter from '../formatter.js'
import { choose } from './business-view.js'
import type { MiniProgramJump } from './contract.js'
import { checked, type Nonce, queryOf } from './fields.js'

/** The parameters of `wx.navigateToMiniProgram`, `<wx-open-launch-weapp>` in a page, and `WXLaunchMiniProgram.Req`. */
export interface LaunchViews<Fields> {
  miniProgram: MiniProgramJump<Fields>
  jsapi: { username: string; path: string }
  app: { userName: string; path: string; miniprogramType: 0 }
}

export interface ParkingService {
  mchid: string
  /** The sub-merchant of a service provider. */
  sub_mchid?: string
  openid: string
  plate_number: string
  plate_color: 'BLUE' | 'GREEN' | 'YELLOW' | 'BLACK' | 'WHITE' | 'LIMEGREEN'
  /** Default `PARKING`, the only value. */
  trade_scene?: string
}

/** Opens the service for a car. Needs no key; the app that opens it must belong to the merchant. */
export function parking<Where extends keyof LaunchViews<ParkingService>>(
  service: ParkingService,
  platform: Where,
): LaunchViews<ParkingService>[Where] {
  const fields = checked(service, ['mchid', 'openid', 'plate_number', 'plate_color'])
  const program = {
    appId: 'wxbcad394b3d99dac9',
    username: 'gh_518c42c65952',
    path: '/pages/auth-creditpay/auth-creditpay',
  }
  return launch(program, { ...fields, trade_scene: fields.trade_scene ?? 'PARKING' }, platform)
}

export interface ParkingDebt {
  appid: string
  mchid: string
  sub_appid?: string
  /** The sub-merchant of a service provider. */
  sub_mch_id?: string
  openid?: string
  sub_openid?: string
  nonce_str?: Nonce
}

/** Pays back the amount that WeChat Pay has advanced (微信垫资还款). Needs no key. */
export function parkingRepayment<Where extends keyof LaunchViews<ParkingDebt>>(
  debt: ParkingDebt,
  platform: Where,
): LaunchViews<ParkingDebt>[Where] {
  const fields = { nonce_str: Formatter.nonce(), ...checked(debt, ['appid', 'mchid']) }
  const program = { appId: 'wx5e73c65404eee268', username: 'gh_5e259b7a73b1', path: 'pages/invest_list/invest_list' }
  return launch(program, fields, platform)
}

interface Program {
  appId: string
  username: string
  path: string
}

function launch<Fields extends object, Where extends keyof LaunchViews<Fields>>(
  { appId, username, path }: Program,
  fields: Fields,
  platform: Where,
): LaunchViews<Fields>[Where] {
  const pathWithQuery = `${path}?${queryOf(fields)}`
  const views: LaunchViews<Fields> = {
    miniProgram: { appId, path, extraData: fields },
    jsapi: { username, path: pathWithQuery },
    app: { userName: username, path: pathWithQuery, miniprogramType: 0 },
  }
  return choose(views, platform)
}
