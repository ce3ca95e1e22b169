/** The endpoint that lists the platform certificates, each encrypted with the APIv3 key. */
import { encrypt } from '../../crypto/aes-gcm.js'
import { nonce } from '../../formatter.js'
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, ok } from '../gateway/endpoint.js'
import type { PlatformCertificate } from '../keys/platform.js'
import { parameterError, problem } from '../ledger/problem.js'

const ASSOCIATED_DATA = 'certificate'
/** For mainland China, Hong Kong and other regions. */
const PATHS = ['/v3/certificates', '/hk/v3/certificates', '/v3/global/certificates']
/** The message for a merchant without platform certificates. */
const APPLY_FOR_PUBLIC_KEY =
  '无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引https://pay.weixin.qq.com/doc/v3/merchant/4012153196'

export const certificateEndpoints: readonly Endpoint[] = PATHS.map(path => ({
  method: 'GET',
  path,
  handle: call => ok({ data: listCertificates(call) }),
}))

function listCertificates({ merchant, query, machineTime }: Call) {
  const certificates = merchant.platform.listed(machineTime)
  if (certificates.length === 0) throw problem(404, 'RESOURCE_NOT_EXISTS', APPLY_FOR_PUBLIC_KEY)
  const algorithm = query.get('algorithm_type') ?? 'RSA'
  if (algorithm === 'RSA' || algorithm === 'ALL') {
    return certificates.map(certificate => encryptCertificate(certificate, merchant.apiv3Key))
  }
  if (algorithm === 'SM2') throw problem(404, 'RESOURCE_NOT_EXISTS', '无可用的国密平台证书')
  throw parameterError('输入源“/query/algorithm_type”映射到字段“平台证书算法类型”规则校验失败', {
    field: 'algorithm_type',
    value: algorithm,
    issue: '值必须是 RSA、SM2、ALL 之一',
    location: 'query',
  })
}

function encryptCertificate({ serial, certificate }: PlatformCertificate, apiv3Key: string) {
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
