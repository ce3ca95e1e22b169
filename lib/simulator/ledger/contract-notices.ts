/** The notifications about contracts: those of each API that signs them. */
import { beijingTime } from '../../util/beijing-time.js'
import type { Notice } from './book.js'
import type { Contract, DescribedContract as Described } from './contract.js'

/** The names of APIv2 and the global API for the ends of a contract. */
const MODES: Readonly<Record<string, { v2: number; global: string }>> = {
  SYSTEM_TERMINATE: { v2: 1, global: 'PLATFORM' },
  USER_TERMINATE: { v2: 2, global: 'USER' },
  MCH_API_TERMINATE: { v2: 3, global: 'MERCHANT' },
  WEPAY_WEB_TERMINATE: { v2: 4, global: 'MERCHANT' },
  CUSTOMER_SERVICE_TERMINATE: { v2: 5, global: 'PLATFORM' },
}

export function contractNotice(row: Contract, described: Described): Notice {
  const isSigned = row.state === 'SIGNED'
  const { contract_notify_url: notify_url, api } = row.request
  const summary = isSigned ? '签约成功' : '解约成功'
  const event = isSigned ? 'SIGN' : 'TERMINATE'
  if (api === 'v2') {
    const { contract_expired_time: _, ...fields } = describeV2(row, described)
    return {
      event_type: 'v2/pap-contract-state-changed',
      notify_url,
      resource: { ...fields, change_type: isSigned ? 'ADD' : 'DELETE', operate_time: v2Time(beijingTime(row.updated)) },
    }
  }
  const resource = api === 'global' ? describeGlobal(row, described) : described
  const product = api === 'global' ? 'PAPAY' : api === 'insurance' ? 'INSURANCE_ENTRUST' : 'ENTRUST'
  return { event_type: `${product}.${event}`, notify_url, summary, resource }
}

/** The fields of APIv2. */
export function describeV2({ mchid, request }: Pick<Contract, 'mchid' | 'request'>, described: Described) {
  const { contract_terminate_info: ended, contract_signed_time = '', contract_expired_time = '' } = described
  return {
    mch_id: mchid,
    appid: request.appid,
    sub_mch_id: request.sub_mchid,
    sub_appid: request.sub_appid,
    openid: described.openid ?? described.sp_openid,
    plan_id: request.plan_id,
    contract_code: request.out_contract_code,
    contract_id: described.contract_id,
    contract_display_account: described.contract_display_account,
    request_serial: request.request_serial,
    contract_state: ended ? 1 : 0,
    contract_signed_time: v2Time(contract_signed_time),
    contract_expired_time: v2Time(contract_expired_time),
    contract_terminated_time: ended && v2Time(ended.contract_terminated_time),
    contract_termination_mode: ended && MODES[ended.contract_termination_mode]?.v2,
    contract_termination_remark: ended?.contract_termination_remark,
  }
}

/** The fields of the global API, in its responses and its notifications. */
export function describeGlobal({ updated }: Pick<Contract, 'updated'>, described: Described) {
  const { contract_terminate_info: ended, contract_state, contract_signed_time, ...known } = described
  return {
    ...known,
    state: contract_state,
    signed_time: contract_signed_time,
    operate_time: beijingTime(updated),
    ...(ended && {
      terminated_time: ended.contract_terminated_time,
      termination_mode: MODES[ended.contract_termination_mode]?.global,
      contract_termination_mode: MODES[ended.contract_termination_mode]?.global,
      termination_note: ended.contract_termination_remark,
    }),
  }
}

/** `2026-11-28 12:00:00`. */
function v2Time(time: string): string {
  return time.slice(0, 19).replace('T', ' ')
}
