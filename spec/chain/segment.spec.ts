import { describe, expect, test } from 'vitest'
import { segmentOf } from '../../lib/chain/segment.js'

describe('a property name becomes the text of a segment', () => {
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
    '%s has a separator, so it was written as URL text and stays',
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
