/** The echo endpoint, with which a merchant tests its signatures, its encryption and its notifications. */
import { type Endpoint, endpoint, ok } from '../gateway/endpoint.js'
import type { Book } from '../ledger/book.js'

export function securityEndpoints(book: Book): readonly Endpoint[] {
  return [
    endpoint('post /v3/security/echo', ({ body: { notify_url, echo_message, encrypted_echo_message } }) => {
      if (typeof notify_url === 'string') {
        book.announce({
          event_type: 'SECURITY_ECHO.SUCCESS',
          notify_url,
          summary: '回显测试',
          resource: { echo_message },
        })
      }
      return ok({ echo_message, encrypted_echo_message })
    }),
  ]
}
