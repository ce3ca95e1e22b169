/** The pages of WeChat Pay Score (微信支付分): confirm an order, look at one, permit a service. */
import { ALGO_HMAC_SHA256 } from '../crypto/hash.js'
import * as Formatter from '../formatter.js'
import { type BusinessViews, businessView, type Platform } from './business-view.js'
import { checked } from './fields.js'
import { type SecretKey, signFields } from './keys.js'
import { now } from './payment.js'

/** The only one that these pages take. */
const SIGN_TYPE: typeof ALGO_HMAC_SHA256 = ALGO_HMAC_SHA256

interface Stamp {
  /** Seconds since 1970. Default: now. */
  timestamp?: string
  /** Default: 32 random characters. */
  nonce_str?: string
}

interface Signed {
  timestamp: string
  nonce_str: string
  sign_type: typeof SIGN_TYPE
  sign: string
}

interface Order {
  mch_id: string
  /** What the order's creation answered. */
  package: string
}

/**
 * The page on which the user confirms an order of v3/payscore/serviceorder. Orders of smart retail
 * (v3/payscore/smartretail-orders) are confirmed on the same page.
 *
 * Signed with HMAC-SHA256 and the APIv2 key, as WeChat Pay's documents have it; some software of others takes the APIv3
 * key.
 *
 * @throws InvalidArgumentError for a missing field or key.
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

/**
 * The page that shows an order. Signed as {@link payscoreConfirm}.
 *
 * @throws InvalidArgumentError for a missing field or key.
 */
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
  /** What v3/payscore/permissions answered; it lives for an hour. */
  apply_permissions_token: string
}

/**
 * The page on which the user permits a service. Needs no key: the token is WeChat Pay's.
 *
 * @throws InvalidArgumentError for a missing field.
 */
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
