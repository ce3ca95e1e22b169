/** The types of the documented calls. */
export type { Operation } from './call.js'
export type { BrandRoutes, Operations, Routes } from './generated/routes.js'
export type { BrandPay, WechatPay } from './wechatpay.js'
