/** The echo endpoint, with which a merchant tests its signatures and encryption. */
import { type Endpoint, ok, readJson } from '../gateway/endpoint.js'

const ECHO = {
  type: 'object',
  required: ['echo_message'],
  properties: {
    notify_url: { type: 'string', title: '商户回调地址' },
    echo_message: { type: 'string', title: '回显信息' },
    encrypted_echo_message: { type: 'string', title: '平台证书或微信支付公钥加密测试字段' },
  },
} as const

export const securityEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/v3/security/echo',
    handle(call) {
      const { echo_message, encrypted_echo_message } = readJson(call, ECHO)
      return ok({ echo_message, encrypted_echo_message })
    },
  },
]
