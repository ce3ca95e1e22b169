/** The list of platform certificates, each sealed with the merchant's APIv3 key. */
import { encrypt } from '../crypto/aes-gcm.js'
import { nonce } from '../formatter.js'
import { beijingTime } from './beijing-time.js'
import { type Call, type Endpoint, ok } from './call.js'
import type { Merchant } from './keys.js'
import { parameterError, problem } from './problem.js'

const ASSOCIATED_DATA = 'certificate'

export const certificateEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/v3/certificates', handle: call => ok({ data: listCertificates(call) }) },
]

function listCertificates({ merchant, query }: Call) {
  const algorithm = query.get('algorithm_type') ?? 'RSA'
  if (algorithm === 'RSA' || algorithm === 'ALL') return [seal(merchant)]
  if (algorithm === 'SM2') throw problem(404, 'RESOURCE_NOT_EXISTS', '无可用的国密平台证书')
  throw parameterError('输入源“/query/algorithm_type”映射到字段“平台证书算法类型”规则校验失败', {
    field: 'algorithm_type',
    value: algorithm,
    issue: '值必须是 RSA、SM2、ALL 之一',
    location: 'query',
  })
}

function seal({ apiv3Key, platformCertificate: { serial, certificate } }: Merchant) {
  const iv = nonce(12)
  return {
    serial_no: serial,
    effective_time: beijingTime(Date.parse(certificate.validFrom)),
    expire_time: beijingTime(Date.parse(certificate.validTo)),
    encrypt_certificate: {
      algorithm: 'AEAD_AES_256_GCM',
      nonce: iv,
      associated_data: ASSOCIATED_DATA,
      ciphertext: encrypt(certificate.toString(), apiv3Key, iv, ASSOCIATED_DATA),
    },
  }
}
