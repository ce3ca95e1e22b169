import { describe, expect, test } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { record } from './recording.js'

describe('the pieces of a chain make one path', () => {
  const { wxpay } = record()

  test.each([
    [
      'chain() goes on where properties stopped',
      wxpay.v3.chain('pay/transactions').native,
      'v3/pay/transactions/native',
    ],
    ['a bracket holds a whole path', wxpay['v3/pay/transactions/native'], 'v3/pay/transactions/native'],
    ['a bracket at the root holds a placeholder', wxpay['{version}'], '{version}'],
    ['a bracket holds a single segment', wxpay.v3['merchant-service'], 'v3/merchant-service'],
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
    ['an empty name', wxpay.v3.pay[''], '`/v3/pay/` was given an empty segment'],
    ['an empty name in the middle', wxpay.v3['']?.pay, '`/v3//pay` was given an empty segment'],
    ['an empty path', wxpay.chain(''), '`/` was given an empty segment'],
    ['a segment after a query', wxpay.chain('v3/a?b=1').native, '`/v3/a?b=1/native` goes on after its query'],
    ['a segment after a query expression', wxpay.chain('v3/a{?b}').native, 'goes on after its query'],
    ['a segment after a continued query', wxpay.chain('v3/a{&b}').native, 'goes on after its query'],
  ])('%s is refused before anything is sent', async (_title, node, message) => {
    const refusal = await node?.get().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(InvalidArgumentError)
    expect(refusal).toHaveProperty('message', expect.stringContaining(message))
  })
})
