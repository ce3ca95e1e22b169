/** The types of the documented calls. */
export type { Operation } from './call.js'
export type { Operations, Routes } from './generated/routes.js'
export type { WechatPay } from './wechatpay.js'
