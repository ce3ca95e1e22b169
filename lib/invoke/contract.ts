/** Contracts for deductions (委托代扣): the pages and mini programs in which a user signs one. */
import { ALGO_HMAC_SHA256, ALGO_MD5, type SignType } from '../crypto/hash.js'
import { checked, now, queryOf, type Timestamp } from './fields.js'
import { type SecretKey, signFields } from './keys.js'

const ENTRUST = 'https://api.mch.weixin.qq.com/papay/'
const MINI_PROGRAM = { appId: 'wxbd687630cd02ce1d', path: 'pages/index/index' }

export interface Contract {
  appid: string
  mch_id: string
  /** The sub-merchant of a service provider. */
  sub_mch_id?: string
  sub_appid?: string
  plan_id: string | number
  contract_code: string
  request_serial: string | number
  contract_display_account: string
  notify_url: string
  timestamp?: Timestamp | number
}

export interface MiniProgramJump<Fields> {
  appId: string
  path: string
  extraData: Fields
}

/** For `wx.navigateToMiniProgram`: the mini program in which the user signs. Signed with MD5 and the APIv2 key. */
export function contractMiniProgram(contract: Contract, key: SecretKey): MiniProgramJump<Contract & { sign: string }> {
  return { ...MINI_PROGRAM, extraData: signed(contract, key, ALGO_MD5) }
}

export interface PageContract extends Contract {
  /** `1` returns to the page afterwards. */
  return_web?: string | number
  return_app?: string
}

/**
 * The address of the page in WeChat on which the user signs (公众号纯签约): `location.href = …`. Signed with MD5 and the
 * APIv2 key.
 */
export function contractPage(contract: PageContract, key: SecretKey): string {
  return addressOf('entrustweb', signed({ version: '1.0', ...contract }, key, ALGO_MD5))
}

export interface H5Contract extends Contract {
  /** The user's IP address. */
  clientip: string
  /** The app to return to. */
  return_appid?: string
}

/**
 * The address that leads a browser outside WeChat to the contract (H5纯签约): the server requests it, and the browser goes
 * to the `redirect_url` of the response. Signed with HMAC-SHA256 and the APIv2 key.
 */
export function contractH5(contract: H5Contract, key: SecretKey): string {
  const fields = { version: '1.0', ...checked(contract, ['clientip']) }
  return addressOf('h5entrustweb', signed(fields, key, ALGO_HMAC_SHA256))
}

export interface PresignedContract {
  /** From the response of v2/papay/preentrustweb or, in APIv3, …/pre-entrust-sign/…. */
  pre_entrustweb_id: string
  redirect_appid?: string
  redirect_path?: string
}

/** For `wx.navigateToMiniProgram`, with a contract that was created before. Needs no key. */
export function presignedContract(contract: PresignedContract): MiniProgramJump<{ pre_entrustweb_id: string }> {
  const given = checked(contract, ['pre_entrustweb_id'])
  const { pre_entrustweb_id, redirect_appid = MINI_PROGRAM.appId, redirect_path = MINI_PROGRAM.path } = given
  return { appId: redirect_appid, path: redirect_path, extraData: { pre_entrustweb_id } }
}

export interface AppContract {
  /** From the response that created the contract. */
  miniprogram_username: string
  miniprogram_path: string
}

/** For `WXLaunchMiniProgram.Req` in an app, with a contract that was created before. Needs no key. */
export function contractApp(contract: AppContract): { userName: string; path: string; miniprogramType: 0 } {
  const { miniprogram_username, miniprogram_path } = checked(contract, ['miniprogram_username', 'miniprogram_path'])
  return { userName: miniprogram_username, path: miniprogram_path, miniprogramType: 0 }
}

/** For `WXOpenBusinessWebview.Req` in an app: the older way, for plans from before 2025-09-23. Needs no key. */
export function contractWebview(contract: { pre_entrustweb_id: string }): {
  businessType: 12
  queryInfo: { pre_entrustweb_id: string }
} {
  const { pre_entrustweb_id } = checked(contract, ['pre_entrustweb_id'])
  return { businessType: 12, queryInfo: { pre_entrustweb_id } }
}

const REQUIRED = [
  'appid',
  'mch_id',
  'plan_id',
  'contract_code',
  'request_serial',
  'contract_display_account',
  'notify_url',
] as const

function signed<Fields extends Contract>(contract: Fields, key: SecretKey, type: SignType): Fields & { sign: string } {
  const fields = { timestamp: now(), ...checked(contract, REQUIRED) }
  return { ...fields, sign: signFields(fields, key, type) }
}

// The contracts of service providers have a different path.
function addressOf(page: string, fields: Contract): string {
  const folder = fields.sub_mch_id === undefined ? ENTRUST : `${ENTRUST}partner/`
  return `${folder}${page}?${queryOf(fields)}`
}
