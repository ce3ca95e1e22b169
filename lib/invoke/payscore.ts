/** The pages of WeChat Pay Score (微信支付分): to confirm an order, to view an order, to authorize a service. */
import { ALGO_HMAC_SHA256 } from '../crypto/hash.js'
import * as Formatter from '../formatter.js'
import { type BusinessViews, businessView, type Platform } from './business-view.js'
import { checked, type Nonce, now, type Timestamp } from './fields.js'
import { type SecretKey, signFields } from './keys.js'

/** The only type that these pages accept. */
const SIGN_TYPE: typeof ALGO_HMAC_SHA256 = ALGO_HMAC_SHA256

interface Stamp {
  timestamp?: Timestamp
  nonce_str?: Nonce
}

interface Signed {
  timestamp: string
  nonce_str: string
  sign_type: typeof SIGN_TYPE
  sign: string
}

interface Order {
  mch_id: string
  /** From the response that created the order. */
  package: string
}

/**
 * The page on which the user confirms an order of v3/payscore/serviceorder, or a smart retail order of
 * v3/payscore/smartretail-orders.
 *
 * Signed with HMAC-SHA256 and the APIv2 key, as WeChat Pay documents it; some other SDKs use the APIv3 key.
 */
export function payscoreConfirm<Where extends Platform>(
  order: Order & Stamp,
  key: SecretKey,
  platform: Where,
): BusinessViews<Order & Signed>[Where] {
  return businessView('wxpayScoreUse', signed(checked(order, ['mch_id', 'package']), key), platform)
}

interface OrderNumber {
  mch_id: string
  service_id: string
  out_order_no: string
}

/** The page that shows an order. Signed as {@link payscoreConfirm}. */
export function payscoreDetail<Where extends Platform>(
  order: OrderNumber & Stamp,
  key: SecretKey,
  platform: Where,
): BusinessViews<OrderNumber & Signed>[Where] {
  return businessView(
    'wxpayScoreDetail',
    signed(checked(order, ['mch_id', 'service_id', 'out_order_no']), key),
    platform,
  )
}

interface Permission {
  /** From the response of v3/payscore/permissions; valid for an hour. */
  apply_permissions_token: string
}

/** The page on which the user authorizes a service. Needs no key: WeChat Pay issues the token. */
export function payscorePermission<Where extends Platform>(
  permission: Permission,
  platform: Where,
): BusinessViews<Permission>[Where] {
  return businessView('wxpayScoreEnable', checked(permission, ['apply_permissions_token']), platform)
}

function signed<Fields extends Stamp>(fields: Fields, key: SecretKey): Fields & Signed {
  const stamped = { timestamp: now(), nonce_str: Formatter.nonce(), ...fields, sign_type: SIGN_TYPE }
  return { ...stamped, sign: signFields(stamped, key, SIGN_TYPE) }
}
