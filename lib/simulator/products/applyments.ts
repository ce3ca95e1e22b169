/** The endpoints of applications for sub-merchants, of platforms and partners, and of their settlement accounts. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import type { Applyment, Applyments, BankAccount } from '../ledger/applyments.js'

const PLACING = { numbers: 'ledger' } as const
/** The states for partners, and their descriptions. */
const STATES = {
  CHECKING: ['APPLYMENT_STATE_AUDITING', '资料校验中'],
  AUDITING: ['APPLYMENT_STATE_AUDITING', '审核中'],
  REJECTED: ['APPLYMENT_STATE_REJECTED', '已驳回'],
  NEED_SIGN: ['APPLYMENT_STATE_TO_BE_SIGNED', '待签约'],
  FINISH: ['APPLYMENT_STATE_FINISHED', '完成'],
  CANCELED: ['APPLYMENT_STATE_CANCELED', '已作废'],
} as const
const BANK = { account_bank: '工商银行', account_number: '6222020000000001234' }

export function applymentEndpoints(applyments: Applyments): readonly Endpoint[] {
  const find = (call: Call, name: string) => applyments.find(call.merchant.mchid, readParam(call, name))
  const platform = (name: string) => (call: Call) => ok(describe(find(call, name)))
  const partner = (name: string) => (call: Call) => ok(describeForPartner(find(call, name)))
  const revoke = (name: string) => (call: Call) => {
    const { no, request } = applyments.move(find(call, name), 'revoke', call.now)
    return ok({ applyment_id: request.applyment_id, out_request_no: no })
  }
  const apply = (call: Call<PlatformApplication>) => {
    const { out_request_no, account_info: given } = call.body
    const isCorporate = given.bank_account_type === '74'
    const { account_bank = BANK.account_bank, account_number = BANK.account_number } = given
    const account = {
      ...given,
      account_type: isCorporate ? 'ACCOUNT_TYPE_BUSINESS' : 'ACCOUNT_TYPE_PRIVATE',
      account_bank,
      account_number,
    }
    const { request } = applyments.apply(call.merchant.mchid, out_request_no, call.body, account, call.now)
    return ok({ applyment_id: request.applyment_id, out_request_no })
  }
  return [
    endpoint('post /v3/ecommerce/applyments/', apply, PLACING),
    endpoint('post /v3/ecommerce/applyments/submit-account-hosting-applyment', apply, PLACING),
    endpoint('get /v3/ecommerce/applyments/{applyment_id}', platform('applyment_id')),
    endpoint('get /v3/ecommerce/applyments/out-request-no/{out_request_no}', platform('out_request_no')),
    endpoint('post /v3/ecommerce/applyments/{applyment_id}/revoke', revoke('applyment_id')),
    endpoint('post /v3/ecommerce/applyments/out-request-no/{out_request_no}/revoke', revoke('out_request_no')),
    endpoint(
      'post /v3/applyment4sub/applyment/',
      ({ merchant, body, now }) => {
        const { bank_account_type, account_bank, bank_name, bank_branch_id, ...more } = body.bank_account_info
        const isCorporate = bank_account_type === 'BANK_ACCOUNT_TYPE_CORPORATE'
        const account = {
          account_type: isCorporate ? 'ACCOUNT_TYPE_BUSINESS' : 'ACCOUNT_TYPE_PRIVATE',
          account_bank,
          bank_name,
          bank_branch_id,
          account_number: more.account_number ?? BANK.account_number,
          account_name: more.account_name,
        }
        const { request } = applyments.apply(merchant.mchid, body.business_code, body, account, now)
        return ok({ applyment_id: request.applyment_id })
      },
      PLACING,
    ),
    endpoint('get /v3/applyment4sub/applyment/applyment_id/{applyment_id}', partner('applyment_id')),
    endpoint('get /v3/applyment4sub/applyment/business_code/{business_code}', partner('business_code')),

    endpoint('post /v3/apply4sub/sub_merchants/{sub_mchid}/modify-settlement', call => {
      const { modify_mode: _, bank_address_code: __, ...account } = call.body
      const { no } = applyments.changeAccount(call.merchant.mchid, readParam(call, 'sub_mchid'), account, call.now)
      return ok({ application_no: no })
    }),
    endpoint('get /v3/apply4sub/sub_merchants/{sub_mchid}/settlement', call => {
      const account = applyments.accountOf(call.merchant.mchid, readParam(call, 'sub_mchid'))
      const known = account ?? { ...BANK, account_type: 'ACCOUNT_TYPE_BUSINESS' }
      const { account_name: _, ...shown } = describeAccount(known)
      return ok({ ...shown, verify_result: 'VERIFY_SUCCESS' })
    }),
    endpoint('get /v3/apply4sub/sub_merchants/{sub_mchid}/application/{application_no}', call => {
      const { settlements } = applyments
      const { request, state, reason, updated } = settlements.find(
        call.merchant.mchid,
        readParam(call, 'application_no'),
      )
      return ok({
        ...describeAccount(request),
        verify_result: state,
        ...(reason !== undefined && { verify_fail_reason: reason }),
        ...(state !== 'AUDITING' && { verify_finish_time: beijingTime(updated) }),
      })
    }),
  ]
}

interface PlatformApplication {
  out_request_no: string
  account_info: {
    bank_account_type?: string | undefined
    account_bank?: string | undefined
    account_number?: string | undefined
    account_name?: string | undefined
    bank_name?: string | undefined
    bank_branch_id?: string | undefined
  }
}

function describe(row: Applyment) {
  const { no, request, state, reason } = row
  const { applyment_id, sub_mchid } = request
  const isApproved = state === 'NEED_SIGN' || state === 'FINISH'
  return {
    applyment_id,
    out_request_no: no,
    applyment_state: state,
    applyment_state_desc: STATES[state][1],
    sign_state: isApproved ? (state === 'FINISH' ? 'SIGNED' : 'UNSIGNED') : 'NOT_SIGNABLE',
    ...(state === 'NEED_SIGN' && { sign_url: signUrlOf(row) }),
    ...(isApproved && { sub_mchid }),
    ...(state === 'REJECTED' && { audit_detail: [{ param_name: 'id_card_copy', reject_reason: reason ?? '' }] }),
  }
}

function signUrlOf({ request }: Applyment): string {
  return `https://pay.weixin.qq.com/public/apply4ec_sign/s?applymentId=${request.applyment_id}`
}

function describeForPartner(row: Applyment): object {
  const { applyment_id, sub_mchid, audit_detail = [] } = describe(row)
  const [applyment_state, applyment_state_msg] = STATES[row.state]
  return {
    business_code: row.no,
    applyment_id,
    ...(sub_mchid && { sub_mchid }),
    sign_url: signUrlOf(row),
    applyment_state,
    applyment_state_msg,
    audit_detail: audit_detail.map(({ param_name, reject_reason }) => ({
      field: param_name,
      field_name: '身份证人像面照片',
      reject_reason,
    })),
  }
}

/** The number and the name are masked. */
function describeAccount({ account_type, account_bank, bank_name, bank_branch_id, ...secret }: BankAccount) {
  const { account_number, account_name = '张三' } = secret
  return {
    account_type,
    account_bank,
    ...(bank_name && { bank_name }),
    ...(bank_branch_id && { bank_branch_id }),
    account_number: account_number.slice(-4).padStart(account_number.length, '*'),
    account_name: account_name.slice(0, 1).padEnd(account_name.length, '*'),
  }
}
