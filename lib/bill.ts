/** Bills: asked for, downloaded, verified and read in one. */
export type { AnnouncedFile, AnnouncedPart, AnnouncedParts } from './bill/announced-bill.js'
export type { FundflowSummaryTitle, FundflowTitle, TradeSummaryTitle, TradeTitle } from './bill/columns.js'
export type { CallOptions } from './bill/download.js'
export { fen } from './bill/fen.js'
export type { BillRow, RequestedBill } from './bill/requested-bill.js'
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
} from './bill/requests.js'
export {
  type DownloadbillFields,
  type DownloadfundflowFields,
  downloadbill,
  downloadfundflow,
} from './bill/requests-v2.js'
export { rows } from './bill/saved-bill.js'
export { BillUnavailableError, type UnavailableReason } from './bill/unavailable.js'
