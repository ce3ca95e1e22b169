/** `wechatpay-chain/simulator`: a local WeChat Pay for tests. */
/// <reference types="node" preserve="true" />
export type { BillOptions } from './bills/options.js'
export type { SimulatorBrandConfig, SimulatorConfig } from './config.js'
export type { Credentials as SimulatorCredentials } from './gateway/credentials.js'
export type { Misbehaviour } from './gateway/faults.js'
export type { SimulatorRequest } from './gateway/request-log.js'
export type { SimulatorKeys } from './keys/merchant.js'
export type { RotateOptions } from './keys/rotation.js'
export type { Span } from './ledger/clock.js'
export type { DeliverOptions, NotificationAttempt, SimulatorNotification } from './notify/notifications.js'
export type { SimulatorOptions } from './options.js'
export { Simulator, type TriggerOptions } from './simulator.js'
