/** A contract by which a merchant may deduct money: its states, its request, its deductions. */
import type { Row } from './product.js'

export type ContractState = 'SIGNING' | 'REFUSED' | 'SIGN_FAILED' | 'SIGNED' | 'TERMINATED'
export type ContractEvent = 'confirm' | 'refuse' | 'fail' | 'terminate'

/** The APIs that sign contracts, each with notifications of its own. */
export type ContractApi = 'v2' | 'insurance' | 'global'

export interface ContractRequest {
  api?: ContractApi | undefined
  appid?: string | undefined
  openid?: string | undefined
  sp_appid?: string | undefined
  sp_openid?: string | undefined
  sub_mchid?: string | undefined
  sub_appid?: string | undefined
  sub_openid?: string | undefined
  plan_id: number
  out_contract_code: string
  contract_display_account?: string | undefined
  insured_display_name?: string | undefined
  user_display_name?: string | undefined
  contract_notify_url: string
  out_user_code?: string | undefined
  request_serial?: string | undefined
  deduct_schedule?: { estimated_deduct_date: string; estimated_deduct_amount: { total: number } } | undefined
  /** `YYYY-MM-DD`. */
  policy_end_date?: string | undefined
  /** RFC 3339. */
  expired_time?: string | undefined
}

export interface DeductionRequest {
  appid?: string | undefined
  sp_appid?: string | undefined
  sub_mchid?: string | undefined
  sub_appid?: string | undefined
  out_trade_no: string
  description: string
  notify_url?: string | undefined
  transaction_notify_url?: string | undefined
  contract_id: string
  amount: { total: number; currency?: string | undefined }
  attach?: string | undefined
}

export type Contract = Row<ContractState, ContractRequest>

/** The fields of a contract, as its notifications need them. */
export interface DescribedContract {
  readonly openid?: string | undefined
  readonly sp_openid?: string | undefined
  readonly contract_id: string
  readonly contract_state: string
  readonly contract_display_account: string
  readonly contract_signed_time?: string
  readonly contract_expired_time?: string
  readonly contract_terminate_info?: {
    readonly contract_termination_mode: string
    readonly contract_terminated_time: string
    readonly contract_termination_remark: string
  }
}
