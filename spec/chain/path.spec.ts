import { describe, expect, test } from 'vitest'
import { segmentOf } from '../../lib/chain/path.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { record } from './recording.js'

describe('the pieces of a chain make one path', () => {
  const { wxpay } = record()

  test.each([
    ['chain() continues after properties', wxpay.v3.chain('pay/transactions').native, 'v3/pay/transactions/native'],
    ['a bracket may contain a whole path', wxpay['v3/pay/transactions/native'], 'v3/pay/transactions/native'],
    ['a bracket at the root may contain a placeholder', wxpay['{version}'], '{version}'],
    ['a bracket may contain a single segment', wxpay.v3['merchant-service'], 'v3/merchant-service'],
    ['a number is a segment', wxpay.v3.pay[5], 'v3/pay/5'],
    ['a slash in front is dropped', wxpay.chain('/v3/pay'), 'v3/pay'],
    ['a slash in front is dropped in a bracket', wxpay['/v3/pay'], 'v3/pay'],
    ['a slash in front is dropped in the middle', wxpay.v3.chain('/pay'), 'v3/pay'],
    ['a trailing slash is kept', wxpay.chain('v3/pay/'), 'v3/pay/'],
    ['a trailing slash does not double', wxpay.chain('v3/pay/').native, 'v3/pay/native'],
    ['two trailing slashes are left for the template to refuse', wxpay.chain('v3/pay//').native, 'v3/pay//native'],
    ['a path may bring a query', wxpay.v3['certificates?algorithm_type=ALL'], 'v3/certificates?algorithm_type=ALL'],
    ['a host in front is left for the template to refuse', wxpay.chain('//host/x'), '//host/x'],
    ['a host in the middle is left for the template to refuse', wxpay.v3.chain('//host/x'), 'v3///host/x'],
  ])('%s', async (_title, node, template) => {
    expect(await node?.get()).toMatchObject({ template })
  })

  test.each([
    ['an empty name', wxpay.v3.pay[''], '`/v3/pay/`'],
    ['an empty name in the middle', wxpay.v3['']?.pay, '`/v3//pay`'],
    ['an empty path', wxpay.chain(''), '`/`'],
    ['a segment after a query', wxpay.chain('v3/a?b=1').native, '`/v3/a?b=1/native`'],
    ['a segment after a query expression', wxpay.chain('v3/a{?b}').native, '`/v3/a{?b}/native`'],
    ['a segment after a continued query', wxpay.chain('v3/a{&b}').native, '`/v3/a{&b}/native`'],
  ])('%s is refused before anything is sent', async (_title, node, message) => {
    const refusal = await node?.get().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(InvalidArgumentError)
    expect(refusal).toHaveProperty('message', expect.stringContaining(message))
  })
})

describe('a property name becomes a segment', () => {
  test.each([
    ['transactions', 'transactions'],
    ['outTradeNo', 'out-trade-no'],
    ['MerchantService', 'merchant-service'],
    ['complaintsV2', 'complaints-v2'],
    ['aBC', 'a-b-c'],
    ['5G', '5-g'],
    ['H5Url', 'h5-url'],
    ['wxABCdef', 'wx-a-b-cdef'],
    ['中文ABC', '中文-a-b-c'],
    ['v3', 'v3'],
    ['video_upload', 'video_upload'],
    ['$aB', '$a-b'],
    ['5', '5'],
    ['-1', '-1'],
  ])('%s is %s', (name, segment) => {
    expect(segmentOf(name)).toBe(segment)
  })

  test.each([
    ['_card_id_', '{card_id}'],
    ['_cardId_', '{cardId}'],
    ['_OutTradeNo_', '{OutTradeNo}'],
    ['__x__', '{_x_}'],
    ['_+url_', '{+url}'],
    ['_empty_', '{empty}'],
    ['_中文_', '{中文}'],
  ])('%s is the placeholder %s, its name untouched', (name, segment) => {
    expect(segmentOf(name)).toBe(segment)
  })

  test.each(['_', '__', 'a_', '_a', 'a__b', ''])('%j stands for itself', name => {
    expect(segmentOf(name)).toBe(name)
  })

  test.each(['Merchant-Service', 'a.B', 'a:B', 'a?b=C', 'a b C', 'out-trade-no', 'A%2FB'])(
    '%s has a separator, so it was written for the URL and stays',
    name => {
      expect(segmentOf(name)).toBe(name)
    },
  )

  test.each(['v3/PayScore', '/V3', '_a_/_b_', '{outTradeNo}', 'V3{/path}', '_{a}_', '{a'])(
    '%s is a path and stays',
    name => {
      expect(segmentOf(name)).toBe(name)
    },
  )
})
