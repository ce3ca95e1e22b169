/** The findings for failures that any call can have. */
import { TransportError, WechatPayError } from '../../index.js'
import type { CheckId, Report } from './report.js'

export function reportFailure(id: CheckId, error: unknown, report: Report): void {
  if (!(error instanceof WechatPayError)) throw error
  if (error.code === 'ERR_APIV3_KEY') report.fault(id, 'APIV3_KEY_WRONG', false)
  else if (error.code === 'ERR_NO_PLATFORM_CERTIFICATE') report.fault(id, 'PUBLIC_KEY_MISSING')
  else report.fault(id, 'CALL_FAILED', error instanceof TransportError ? error.code : error.message)
}
