/** `wechatpay-chain/simulator`: WeChat Pay on this machine, for tests. */
export type { Credentials as SimulatorCredentials } from './credentials.js'
export type { Misbehaviour } from './faults.js'
export type { SimulatorKeys } from './keys.js'
export type { SimulatorOptions } from './options.js'
export type { SimulatorRequest } from './request-log.js'
export { Simulator, type SimulatorConfig } from './simulator.js'
