import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { settingsOf } from '../../lib/client/settings-of.js'
import { micropayOrder, tillOptions } from '../../lib/till/orders.js'
import { failure } from '../async.js'
import { mintTlsFiles } from '../tls-files.js'
import {
  type Answer,
  answer,
  config,
  type Gateway,
  isSigned,
  rawAnswer,
  startGateway,
  unsignedAnswer,
} from '../v2-gateway.js'
import { createTill, type Till } from './till.js'

const out_trade_no = 'MICROPAY-1'
const xml = {
  appid: 'wx1',
  body: 'tea',
  out_trade_no,
  total_fee: 100,
  spbill_create_ip: '8.8.8.8',
  auth_code: '130061098828009406',
  sub_mch_id: '1900000100',
  sign_type: 'HMAC-SHA256' as const,
}
const type = 'HMAC-SHA256'
const paid = answer({ out_trade_no, total_fee: '100', transaction_id: '4200' }, { type })
const state = (trade_state: string) => answer({ out_trade_no, trade_state, total_fee: '100' }, { type })
const error = (err_code: string, fields = {}) => answer({ result_code: 'FAIL', err_code, ...fields }, { type })
const refused = (return_msg: string) => unsignedAnswer({ return_code: 'FAIL', return_msg })
const recall = (again: string, fields = {}) => answer({ recall: again, ...fields }, { type })
const dropConnection: Answer = (_request, response) => response.socket?.destroy()
const absent = error('ORDERNOTEXIST')

const files = mintTlsFiles([config.mchid])
let gateway: Gateway
let wxpay: ReturnType<typeof Builder.factory>
let till: Till

beforeAll(async () => {
  const tls = { key: files.read('server.key'), cert: files.read('server.pem'), ca: files.read('ca.pem') }
  gateway = await startGateway({ ...tls, rejectUnauthorized: false })
})
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  const merchant = { cert: files.read(`${config.mchid}.pem`), key: files.read(`${config.mchid}.key`) }
  const { mchid, secret } = config
  wxpay = Builder.factory({ mchid, secret, merchant, ca: files.read('ca.pem'), base_uri: gateway.url, retry: false })
  till = createTill()
})

const take = (answers: Answer[], options = {}) => {
  gateway.answers = [...answers, absent]
  const settings = settingsOf(wxpay) ?? expect.fail('no settings')
  return till.take(micropayOrder(wxpay, xml, tillOptions(settings, 5_000)), options)
}
const sent = () => gateway.requests.map(({ url }) => url)
const [PAY, QUERY, REVERSE] = ['/pay/micropay', '/pay/orderquery', '/secapi/pay/reverse']

it.each<[string, Answer[], object, string[]]>([
  ['is paid at once', [paid], { outcome: 'paid', order: { transaction_id: '4200' } }, [PAY]],
  [
    'is paid after the password',
    [error('USERPAYING'), state('USERPAYING'), state('SUCCESS')],
    { outcome: 'paid', order: { trade_state: 'SUCCESS' } },
    [PAY, QUERY, QUERY],
  ],
  ['is paid after SYSTEMERROR', [error('SYSTEMERROR'), state('SUCCESS')], { outcome: 'paid' }, [PAY, QUERY]],
  ['is paid after BANKERROR', [error('BANKERROR'), state('SUCCESS')], { outcome: 'paid' }, [PAY, QUERY]],
  ['is paid after a lost connection', [dropConnection, state('SUCCESS')], { outcome: 'paid' }, [PAY, QUERY]],
  [
    'is paid after a wrong sign',
    [answer({ out_trade_no }, { key: 'x' }), state('SUCCESS')],
    { outcome: 'paid' },
    [PAY, QUERY],
  ],
  ['is paid after something that is no XML', [rawAnswer('oops'), state('SUCCESS')], { outcome: 'paid' }, [PAY, QUERY]],
  [
    'is paid after a busy system',
    [refused('系统繁忙，请稍后再试'), state('SUCCESS')],
    { outcome: 'paid' },
    [PAY, QUERY],
  ],
  ['is sent again if it did not arrive', [dropConnection, absent, paid], { outcome: 'paid' }, [PAY, QUERY, PAY]],
  ['was paid before', [error('ORDERPAID'), state('SUCCESS')], { outcome: 'paid' }, [PAY, QUERY]],
  ['fails for lack of money', [error('NOTENOUGH')], { outcome: 'failed', reason: 'NOTENOUGH' }, [PAY]],
  ['fails with an expired code', [error('AUTHCODEEXPIRE')], { outcome: 'failed', reason: 'AUTHCODEEXPIRE' }, [PAY]],
  ['fails with a wrong key', [refused('签名错误')], { outcome: 'failed', reason: 'FAIL' }, [PAY]],
  ['fails with a missing field', [refused('缺少参数appid')], { outcome: 'failed', reason: 'FAIL' }, [PAY]],
])('a payment %s', async (_what, answers, outcome, requests) => {
  expect(await take(answers)).toMatchObject(outcome)
  expect(sent()).toEqual(requests)
  expect(gateway.requests.every(request => isSigned(request) && request.fields.out_trade_no === out_trade_no)).toBe(
    true,
  )
})

it.each<[string, Answer[], object, string[]]>([
  ['is done', [recall('N')], { outcome: 'reversed', reason: 'USERPAYING' }, [REVERSE]],
  [
    'is repeated while it asks for it',
    [recall('Y'), recall('Y'), recall('N')],
    { outcome: 'reversed' },
    [REVERSE, REVERSE, REVERSE],
  ],
  [
    'is repeated after a failure that asks for it',
    [error('SYSTEMERROR', { recall: 'Y' }), recall('N')],
    { outcome: 'reversed' },
    [REVERSE, REVERSE],
  ],
  ['is repeated while the payer pays', [error('USERPAYING'), recall('N')], { outcome: 'reversed' }, [REVERSE, REVERSE]],
  ['is repeated if it is lost', [dropConnection, recall('N')], { outcome: 'reversed' }, [REVERSE, REVERSE]],
  [
    'comes too late',
    [error('REVERSE_EXPIRE', { recall: 'N' }), state('SUCCESS')],
    { outcome: 'paid', order: { trade_state: 'SUCCESS' } },
    [REVERSE, QUERY],
  ],
])('a reversal %s', async (_what, answers, outcome, requests) => {
  expect(await take([error('USERPAYING'), state('USERPAYING'), ...answers], { wait: 0 })).toMatchObject(outcome)
  expect(sent()).toEqual([PAY, QUERY, ...requests])
})

it('shows the merchant certificate for the reversal, and names the order as the payment did', async () => {
  await take([error('USERPAYING'), state('USERPAYING'), recall('N')], { wait: 0 })
  expect(gateway.requests.map(({ certificate }) => certificate !== undefined)).toEqual([false, false, true])
  for (const { fields } of gateway.requests) {
    expect(fields).toMatchObject({
      appid: 'wx1',
      mch_id: config.mchid,
      sub_mch_id: xml.sub_mch_id,
      out_trade_no,
      sign_type: type,
    })
  }
  expect(gateway.requests[2]?.fields).not.toHaveProperty('auth_code')
})

it('a reversal that is asked for for ever ends in an unknown outcome', async () => {
  const answers = [
    error('USERPAYING'),
    state('USERPAYING'),
    ...Array.from({ length: 10 }, () => recall('Y')),
    dropConnection,
  ]
  expect(await failure(take(answers, { wait: 0 }))).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', out_trade_no })
  expect(sent().filter(url => url === REVERSE)).toHaveLength(10)
})
