/** The mini programs of WeChat Pay Score for parking (微信支付分停车服务): opening the service, and paying what is owed. */
import * as Formatter from '../formatter.js'
import { choose } from './business-view.js'
import type { MiniProgramJump } from './contract.js'
import { checked, queryOf } from './fields.js'

/** What is passed on: to `wx.navigateToMiniProgram`, to `<wx-open-launch-weapp>` in a page, to `WXLaunchMiniProgram.Req`. */
export interface LaunchViews<Fields> {
  miniProgram: MiniProgramJump<Fields>
  jsapi: { username: string; path: string }
  app: { userName: string; path: string; miniprogramType: 0 }
}

export interface ParkingService {
  mchid: string
  /** A service provider's merchant. */
  sub_mchid?: string
  openid: string
  plate_number: string
  plate_color: 'BLUE' | 'GREEN' | 'YELLOW' | 'BLACK' | 'WHITE' | 'LIMEGREEN'
  /** Default `PARKING`, the only one there is. */
  trade_scene?: string
}

/**
 * Where a user opens the service for a car. Needs no key; the app it is opened from must belong to the merchant.
 *
 * @throws InvalidArgumentError for a missing field.
 */
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
  /** A service provider's merchant. */
  sub_mch_id?: string
  openid?: string
  sub_openid?: string
  /** Default: 32 random characters. */
  nonce_str?: string
}

/**
 * Where a user pays back what WeChat Pay has advanced (微信垫资还款). Needs no key.
 *
 * @throws InvalidArgumentError for a missing field.
 */
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
