import { describe, expect, it } from 'vitest'
import { endpointFacts } from '../../lib/protocol/endpoints.js'
import { calls } from '../types/catalogue.js'

const known = calls.map(call => {
  const method = call.method === 'get' ? 'GET' : call.method
  return { ...call, facts: endpointFacts(upper(method), call.path) }
})

function upper(method: string) {
  const found = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).find(name => name === method.toUpperCase())
  if (!found) throw new Error(`no such method: ${method}`)
  return found
}

const pathsWhere = (holds: (call: (typeof known)[number]) => boolean) => known.filter(holds).map(({ path }) => path)

describe('finding an endpoint', () => {
  it('finds every documented call', () => {
    expect(pathsWhere(({ facts }) => !facts.documented)).toEqual([])
    expect(known.length).toBeGreaterThan(1_145)
  })

  it.each([
    ['the names of placeholders do not count', 'GET', 'v3/pay/transactions/id/{id}'],
    ['a placeholder may keep its reserved characters', 'GET', 'v3/merchant-service/images/{+media_id}'],
    ['the id of an image may hold slashes', 'GET', 'v3/merchant-service/images/Chsy/9CgB%3D%3D'],
    ['the id of an image may begin and end with a slash', 'GET', 'v3/global/merchant-service/images//a/'],
    ['the id of an image may begin as an upload does', 'GET', 'v3/merchant-service/images/upload/a'],
    ['a placeholder may be filled', 'GET', 'v3/pay/transactions/id/4200000000000'],
    ['a slash in front does not count', 'GET', '/v3/certificates'],
    ['a query does not count', 'GET', 'v3/bill/tradebill?bill_date=2026-11-23'],
    ['a query to be filled does not count', 'GET', 'v3/bill/tradebill{?bill_date}'],
    ['a path may end in a slash', 'POST', 'v3/applyment4sub/applyment/'],
    ['a path may end in an empty placeholder', 'POST', 'v3/applyment4sub/applyment/{empty}'],
    ['a path has a second documented name', 'POST', 'v3/apply4subject/applyment/{business_code}/cancel'],
    ['APIv2 is below v2', 'POST', 'v2/pay/unifiedorder'],
    ['a server with a path is reached by that path too', 'POST', 'hk/v3/refunds'],
  ] as const)('%s', (_, method, template) => {
    expect(endpointFacts(method, template).documented).toBe(true)
  })

  it.each([
    ['a different path', 'POST', 'v3/pay/transactions/natives'],
    ['a longer path', 'POST', 'v3/pay/transactions/native/1'],
    ['a shorter path', 'POST', 'v3/pay/transactions'],
    ['a different method', 'GET', 'v3/pay/transactions/native'],
    ['the method of a neighbour that a placeholder would match', 'GET', 'v3/merchant-service/images/upload'],
    ['a placeholder that is empty', 'GET', 'v3/pay/transactions/id/'],
    ['an image without an id', 'GET', 'v3/merchant-service/images/'],
    ['an image with slashes for its id', 'GET', 'v3/merchant-service/images///'],
    ['an image with a different method', 'POST', 'v3/merchant-service/images/a/b'],
    ['a missing slash at the end', 'POST', 'v3/applyment4sub/applyment'],
    ['a name that every object has', 'GET', 'v3/constructor/toString'],
    ['nothing', 'GET', ''],
  ] as const)('%s is undocumented', (_, method, template) => {
    expect(endpointFacts(method, template)).toEqual({
      documented: false,
      mutualTls: false,
      nonceless: false,
      unsigned: false,
      download: false,
      accepts: false,
      query: false,
      encrypted: [],
      encryptedQuery: [],
      decrypted: [],
      padding: 'oaep',
    })
  })
})

describe('what is known', () => {
  it('the APIv3 responses that WeChat Pay does not sign are these downloads', () => {
    expect(pathsWhere(({ api, facts }) => api === 'v3' && facts.unsigned)).toEqual([
      'v3/bill/downloadurl',
      'v3/billdownload/file',
      'v3/global/merchant-service/images/{media_id}',
      'v3/merchant-service/images/{media_id}',
      'v3/new-tax-control-fapiao/download',
      'v3/payscore/bill/downloadurl',
      'v3/transferbilldownload/elecvoucherfile',
      'v3/transferdownload/elecvoucherfile',
      'v3/transferdownload/signfile',
    ])
  })

  it('the APIv2 responses without a sign are these', () => {
    expect(pathsWhere(({ api, facts }) => api === 'v2' && facts.unsigned)).toEqual([
      'v2/appauth/getaccesstoken',
      'v2/mchrisk/querymchrisk',
      'v2/mchrisk/setmchriskcallback',
      'v2/mchrisk/syncmchriskresult',
      'v2/mmpaymkttransfers/gethbinfo',
      'v2/mmpaymkttransfers/gettransferinfo',
      'v2/mmpaymkttransfers/promotion/paywwsptrans2pocket',
      'v2/mmpaymkttransfers/promotion/querywwsptrans2pocket',
      'v2/mmpaymkttransfers/promotion/transfers',
      'v2/mmpaymkttransfers/sendgroupredpack',
      'v2/mmpaymkttransfers/sendminiprogramhb',
      'v2/mmpaymkttransfers/sendredpack',
      'v2/mmpaysptrans/pay_bank',
      'v2/mmpaysptrans/query_bank',
      'v2/papay/entrustweb',
      'v2/papay/h5entrustweb',
      'v2/papay/partner/entrustweb',
      'v2/papay/partner/h5entrustweb',
      'v2/pay/downloadbill',
      'v2/pay/downloadfundflow',
      'v2/payitil/report',
      'v2/risk/getpublickey',
      'v2/risk/getviolation',
      'v2/sandboxnew/pay/downloadbill',
      'v2/sandboxnew/pay/getsignkey',
      'v2/secapi/mch/submchmanage',
      'v2/xdc/apiv2getsignkey/sign/getsignkey',
    ])
  })

  it('the response of a download is a file', () => {
    expect(pathsWhere(({ facts }) => facts.download)).toEqual([
      'v3/bill/downloadurl',
      'v3/billdownload/file',
      'v3/global/merchant-service/images/{media_id}',
      'v3/global/statements',
      'v3/merchant-service/images/{media_id}',
      'v3/new-tax-control-fapiao/download',
      'v3/payscore/bill/downloadurl',
      'v3/statements',
      'v3/transferbilldownload/elecvoucherfile',
      'v3/transferdownload/elecvoucherfile',
      'v3/transferdownload/signfile',
      'v2/pay/downloadbill',
      'v2/pay/downloadfundflow',
      'v2/sandboxnew/pay/downloadbill',
    ])
  })

  it('only APIv2 needs the merchant certificate, for refunds and for what pays money out', () => {
    const paths = pathsWhere(({ facts }) => facts.mutualTls)
    expect(paths).toHaveLength(57)
    expect(paths).toEqual(paths.filter(path => path.startsWith('v2/')))
    expect(paths).toEqual(
      expect.arrayContaining(['v2/secapi/pay/refund', 'v2/mmpaymkttransfers/sendredpack', 'v2/mmpaysptrans/pay_bank']),
    )
    expect(endpointFacts('POST', 'v2/pay/unifiedorder').mutualTls).toBe(false)
  })

  it('some of APIv2 are signed in one way only', () => {
    const paths = pathsWhere(({ facts }) => facts.signType === 'HMAC-SHA256')
    expect(paths).toHaveLength(53)
    expect(paths).toEqual(expect.arrayContaining(['v2/pay/downloadfundflow', 'v2/secapi/pay/profitsharing']))
    expect(endpointFacts('POST', 'v2/pay/unifiedorder').signType).toBeUndefined()
  })

  it('some of APIv2 want no nonce_str', () => {
    const paths = pathsWhere(({ facts }) => facts.nonceless)
    expect(paths).toHaveLength(19)
    expect(paths).toEqual(expect.arrayContaining(['v2/pay/queryexchagerate', 'v2/papay/h5entrustweb']))
  })

  it.each([
    ['v3/global/transactions/native', 'POST', 'https://apihk.mch.weixin.qq.com/'],
    ['v3/refunds', 'POST', 'https://api.mch.weixin.qq.com/hk/'],
    ['hk/v3/refunds', 'POST', undefined],
    ['v3/customs/orders', 'POST', 'https://apihk.mch.weixin.qq.com/global/'],
    ['global/v3/customs/orders', 'POST', 'https://apihk.mch.weixin.qq.com/'],
    ['v2/risk/getpublickey', 'POST', 'https://fraud.mch.weixin.qq.com/'],
    ['v2/face/get_wxpayface_authinfo', 'POST', 'https://payapp.weixin.qq.com/'],
    ['v3/pay/transactions/native', 'POST', undefined],
  ] as const)('%s is documented under its own base URI', (template, method, baseUri) => {
    expect(endpointFacts(method, template).baseUri).toBe(baseUri)
  })

  it('every operation with servers of its own has a base URI', () => {
    expect(
      pathsWhere(({ operation, facts }) => (operation.servers !== undefined) !== (facts.baseUri !== undefined)),
    ).toEqual([])
  })

  it('a payload is JSON, XML or a file', () => {
    expect(endpointFacts('POST', 'v3/pay/transactions/native').payload).toBe('json')
    expect(endpointFacts('POST', 'v2/pay/unifiedorder').payload).toBe('xml')
    expect(endpointFacts('POST', 'v3/merchant/media/upload').payload).toBe('file')
    expect(endpointFacts('GET', 'v3/certificates').payload).toBeUndefined()
  })

  it('an upload has its form', () => {
    const uploads = Object.fromEntries(known.flatMap(({ path, facts }) => (facts.upload ? [[path, facts.upload]] : [])))
    const ordinary = { part: 'file', digestField: 'sha256', digest: 'sha256', nameField: 'filename', fixed: {} }
    const renamed = { digestField: 'file_digest', digest: 'sha256', nameField: 'file_name', fixed: {} }
    expect(uploads).toEqual({
      'brand/card-member/media/image-upload': { ...ordinary, digestField: 'file_digest' },
      'brand/marketing/product-coupon/media/upload-image': ordinary,
      'v3/merchant/media/upload': ordinary,
      'v3/merchant/media/video_upload': ordinary,
      'v3/marketing/favor/media/image-upload': ordinary,
      'v3/merchant-service/images/upload': ordinary,
      'v3/marketing/partner/product-coupon/media/upload-image': ordinary,
      'v3/global/merchant-service/images/upload': ordinary,
      'v3/marketing/bank/packages/{package_id}/tasks': ordinary,
      'v3/global/merchant-storage/file/upload': { ...ordinary, digestField: 'digest' },
      'v3/ecommerce/account/cancel-applications/media': { part: 'file', ...renamed },
      'v3/mch-manage/submission-files/sub-mchid/{sub_mchid}/upload': { part: 'submission_file', ...renamed },
      'v3/mch-operation-manage/enhanced-due-diligence/{due_diligence_id}/upload': {
        part: 'due_diligence_file',
        ...renamed,
      },
      'v3/marketing/shopping-receipt/shoppingreceipts': {
        part: 'file',
        digestField: 'sha256',
        digest: 'sha256',
        fixed: {},
      },
      'v3/new-tax-control-fapiao/fapiao-applications/upload-fapiao-file': {
        part: 'file',
        digestField: 'digest',
        digest: 'sm3',
        // Really spelt so.
        fixed: { digest_alogrithm: 'SM3' },
      },
      'v3/taxi-invoice/cards/upload-file': {
        part: 'file',
        digestField: 'digest',
        digest: 'sm3',
        fixed: { digest_algorithm: 'DIGEST_ALGORITHM_SM3' },
      },
      'v2/secapi/mch/uploadmedia': { part: 'media', digestField: 'media_hash', digest: 'md5', fixed: {} },
    })
  })

  it('sensitive fields are found at any depth, in lists, in the query, and in responses', () => {
    expect(endpointFacts('POST', 'v3/pay/transactions/native').encrypted).toEqual([
      '/payer/identity/number',
      '/payer/identity/name',
    ])
    expect(endpointFacts('POST', 'v3/applyment4sub/applyment/').encrypted).toContain(
      '/subject_info/ubo_info_list/[]/ubo_id_doc_name',
    )
    expect(endpointFacts('POST', 'v3/marketing/shopping-receipt/shoppingreceipts').encrypted).toEqual([
      '/merchant_contact_information/consultation_phone_number',
    ])
    expect(endpointFacts('POST', 'brand/card-member/user-cards/import-by-openid').encrypted).toEqual([
      '/phone_number',
      '/user_information/common_field_list/[]/value',
      '/user_information/custom_field_list/[]/user_chosen_values/[]',
    ])
    expect(endpointFacts('GET', 'v3/smartguide/guides').encryptedQuery).toEqual(['mobile'])
    expect(endpointFacts('GET', 'v3/smartguide/guides').decrypted).toEqual(['/data/[]/name', '/data/[]/mobile'])
  })

  it('the customs check of an identity wants the older padding', () => {
    expect(pathsWhere(({ facts }) => facts.padding === 'pkcs1')).toEqual([
      'v3/customs/verify-certificate',
      'v3/global/customs/verify-certificate',
    ])
  })
})
