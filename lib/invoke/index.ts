/**
 * Front-end parameters: created and signed on the server, and passed on to WeChat by a page, a mini program or an app.
 *
 * Every function throws an InvalidArgumentError for a field that is missing or cannot be right, and for a missing key.
 */
export type { BusinessViews, Platform } from './business-view.js'
export {
  type AppContract,
  type Contract,
  contractApp,
  contractH5,
  contractMiniProgram,
  contractPage,
  contractWebview,
  type H5Contract,
  type MiniProgramJump,
  type PageContract,
  type PresignedContract,
  presignedContract,
} from './contract.js'
export { type Coupon, type CouponList, type CouponPage, couponList, couponPage } from './coupon.js'
export { type FacePay, facePay } from './face-pay.js'
export type { RemoteSigner, SecretKey, SigningKey } from './keys.js'
export { type H5Order, h5, type NativeOrder, native } from './link.js'
export {
  type BrandMembership,
  brandMembership,
  type CardPermission,
  type MemberCard,
  memberCard,
  memberCardPage,
} from './membership.js'
export { type LaunchViews, type ParkingDebt, type ParkingService, parking, parkingRepayment } from './parking.js'
export {
  type AppOrder,
  type AppParameters,
  app,
  type JsapiOrder,
  type JsapiParameters,
  jsapi,
  type MiniProgramParameters,
  miniProgram,
} from './payment.js'
export {
  type AppV2Order,
  appV2,
  type JsapiV2Order,
  type JsapiV2Parameters,
  jsapiV2,
  type QrCode,
  qrCode,
  type RedPacket,
  type RedPacketParameters,
  redPacket,
} from './payment-v2.js'
export {
  payscoreConfirm,
  payscoreConfirm as smartRetail,
  payscoreDetail,
  payscorePermission,
} from './payscore.js'
export { merchantTransfer, type Transfer } from './transfer.js'
