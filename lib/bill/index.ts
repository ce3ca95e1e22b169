/** Bills: requested, downloaded, verified and parsed in one. */
export type { FileOptions as CallOptions } from '../client/client.js'
export type { AnnouncedFile, AnnouncedPart, AnnouncedParts } from './announced-bill.js'
export type { FundflowSummaryTitle, FundflowTitle, TradeSummaryTitle, TradeTitle } from './columns.js'
export { fen } from './fen.js'
export type { BillRow, RequestedBill } from './requested-bill.js'
export {
  type EcommerceFundflowQuery,
  ecommerceFundflow,
  type FundflowQuery,
  follow,
  fundflow,
  type PayscoreQuery,
  type ProfitsharingQuery,
  payscore,
  profitsharing,
  type StatementQuery,
  type SubMerchantFundflowQuery,
  statement,
  subMerchantFundflow,
  type TradeQuery,
  trade,
} from './requests.js'
export {
  type DownloadbillFields,
  type DownloadfundflowFields,
  downloadbill,
  downloadfundflow,
} from './requests-v2.js'
export { rows } from './saved-bill.js'
export { BillUnavailableError, type UnavailableReason } from './unavailable.js'
