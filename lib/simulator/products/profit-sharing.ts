/** The endpoint that adds a profit-sharing receiver. The response repeats the request. */
import { type Endpoint, ok, readJson } from '../gateway/endpoint.js'

const RECEIVER = {
  type: 'object',
  required: ['appid', 'type', 'account', 'relation_type'],
  properties: {
    appid: { type: 'string', title: '应用ID', minLength: 1 },
    type: {
      type: 'string',
      title: '分账接收方类型',
      enum: ['MERCHANT_ID', 'PERSONAL_OPENID', 'PERSONAL_SUB_OPENID'],
    },
    account: { type: 'string', title: '分账接收方帐号', minLength: 1 },
    name: { type: 'string', title: '分账个人接收方姓名' },
    relation_type: { type: 'string', title: '与分账方的关系类型', minLength: 1 },
    custom_relation: { type: 'string', title: '自定义的分账关系' },
  },
} as const

export const profitSharingEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/v3/profitsharing/receivers/add',
    handle(call) {
      const { type, account, name, relation_type, custom_relation } = readJson(call, RECEIVER)
      return ok({ type, account, name, relation_type, custom_relation })
    },
  },
]
