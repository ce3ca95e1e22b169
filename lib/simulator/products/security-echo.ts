/** The echo endpoint, with which a merchant tests its signatures and encryption. */
import { type Endpoint, endpoint, ok } from '../gateway/endpoint.js'

export const securityEndpoints: readonly Endpoint[] = [
  endpoint('post /v3/security/echo', ({ body: { echo_message, encrypted_echo_message } }) =>
    ok({ echo_message, encrypted_echo_message }),
  ),
]
