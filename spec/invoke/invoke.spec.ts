import { execFileSync, spawnSync } from 'node:child_process'
import { createSecretKey, createSign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { type Client, register, type SharedSettings } from '../../lib/client/settings-of.js'
import { loadPrivateKey } from '../../lib/crypto/keys.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import * as Invoke from '../../lib/invoke/index.js'
import { MemoryStore } from '../../lib/stores/memory-store.js'
import { keyFile, vectors } from '../fixtures/vectors.js'
import { merchant } from '../gateway.js'

const folder = mkdtempSync(join(tmpdir(), 'invoke-'))
afterAll(() => rmSync(folder, { recursive: true }))

const NOW = 1_414_561_699
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1000 + 999 })
})
afterEach(() => {
  vi.useRealTimers()
})

const privateKey = { privateKey: merchant.privateKey }
const secret = { secret: 'exposed_your_key_here_have_risks' }
const prepayId = 'wx201410272009395522657a690389285100'
const nonce = '5K8264ILTKCH16CQ2502SI8ZNMTM67VS'
const NONCE = expect.stringMatching(/^[0-9A-Za-z]{32}$/)

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

/** Whether openssl verifies it as the merchant's RSA-SHA256 signature of these lines. */
function opensslVerifies(signature: string, ...lines: string[]): boolean {
  const { stdout } = spawnSync('openssl', [
    ...['dgst', '-sha256', '-verify', file('merchant.pem', keyFile('merchant.spki.pem'))],
    ...['-signature', file('signature', Buffer.from(signature, 'base64'))],
    file('message', lines.map(line => `${line}\n`).join('')),
  ])
  return stdout.toString() === 'Verified OK\n'
}

/** The APIv2 signature as openssl makes it, of these strings in this order. */
function opensslSigns(algorithm: 'MD5' | 'HMAC-SHA256', ...pairs: string[]): string {
  const message = file('message', [...pairs, `key=${secret.secret}`].join('&'))
  const digest = algorithm === 'MD5' ? ['-md5'] : ['-sha256', '-hmac', secret.secret]
  return execFileSync('openssl', ['dgst', ...digest, '-r', message])
    .toString()
    .slice(0, algorithm === 'MD5' ? 32 : 64)
    .toUpperCase()
}

describe('the payment of an APIv3 order', () => {
  it('in a page: jsapi', () => {
    const parameters = Invoke.jsapi({ appId: 'wx8888888888888888', prepay_id: prepayId }, privateKey)
    expect(parameters).toEqual({
      appId: 'wx8888888888888888',
      timeStamp: '1414561699',
      nonceStr: NONCE,
      package: `prepay_id=${prepayId}`,
      signType: 'RSA',
      paySign: expect.any(String),
    })
    const { appId, timeStamp, nonceStr, package: packageText, paySign } = parameters
    expect(opensslVerifies(paySign, appId, timeStamp, nonceStr, packageText)).toBe(true)
    expect(opensslVerifies(paySign, appId, timeStamp, nonceStr, `${packageText}0`)).toBe(false)
  })

  it('is signed over the lines that the original was recorded with', () => {
    const recorded = vectors('formatter.joinedByLineFeed').find(
      ({ args }) => args.length === 4 && args[0] === 'wx8888888888888888',
    )
    const [appId, timeStamp, nonceStr, packageText] = (recorded?.args ?? []).map(String)
    const order = {
      appId: appId ?? '',
      prepay_id: packageText?.slice('prepay_id='.length) ?? '',
      timeStamp: timeStamp ?? '',
      nonceStr: nonceStr ?? '',
    }
    const expected = createSign('sha256').update(String(recorded?.result)).sign(merchant.privateKey, 'base64')
    expect(Invoke.jsapi(order, privateKey)).toEqual({
      ...{ appId, timeStamp, nonceStr, package: packageText, signType: 'RSA' },
      paySign: expected,
    })
  })

  it('in a mini program: miniProgram, whose appId is signed and not passed on', () => {
    const parameters = Invoke.miniProgram({ appId: 'wx1', prepay_id: prepayId }, privateKey)
    expect(Object.keys(parameters)).toEqual(['timeStamp', 'nonceStr', 'package', 'signType', 'paySign'])
    const { timeStamp, nonceStr, package: packageText, paySign } = parameters
    expect(opensslVerifies(paySign, 'wx1', timeStamp, nonceStr, packageText)).toBe(true)
  })

  it.each([{ prepayid: prepayId }, { prepay_id: prepayId }])('in an app: app, with %o', prepay => {
    const parameters = Invoke.app({ appid: 'wx1', partnerid: '1900000109', ...prepay }, privateKey)
    expect(parameters).toEqual({
      appid: 'wx1',
      partnerid: '1900000109',
      prepayid: prepayId,
      package: 'Sign=WXPay',
      noncestr: NONCE,
      timestamp: '1414561699',
      sign: expect.any(String),
    })
    const { appid, timestamp, noncestr, prepayid, sign } = parameters
    expect(opensslVerifies(sign, appid, timestamp, noncestr, prepayid)).toBe(true)
  })

  it('outside WeChat: h5, with the way back', () => {
    const h5_url =
      'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016121516420242444321ca0631331346&package=1405458241'
    expect(Invoke.h5({ h5_url })).toBe(h5_url)
    expect(Invoke.h5({ h5_url, redirect_url: 'https://shop.example/paid?no=1&a=b' })).toBe(
      `${h5_url}&redirect_url=https%3A%2F%2Fshop.example%2Fpaid%3Fno%3D1%26a%3Db`,
    )
    expect(() => Invoke.h5({ h5_url: 'weixin://wxpay' })).toThrow(InvalidArgumentError)
  })

  it('by a QR code: native', () => {
    expect(Invoke.native({ code_url: 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz' })).toBe(
      'weixin://wxpay/bizpayurl?pr=p4lpSuKzz',
    )
    expect(() => Invoke.native({ code_url: 'https://example.com' })).toThrow(InvalidArgumentError)
  })

  it('takes a new nonce each time', () => {
    const order = { appId: 'wx1', prepay_id: prepayId }
    expect(Invoke.jsapi(order, privateKey).nonceStr).not.toBe(Invoke.jsapi(order, privateKey).nonceStr)
  })
})

describe('the parameters of APIv2', () => {
  it.each([undefined, 'MD5', 'HMAC-SHA256'] as const)('jsapiV2 with %s', signType => {
    const order = { appId: 'wx1', prepay_id: prepayId, nonceStr: nonce, ...(signType && { signType }) }
    const type = signType ?? 'MD5'
    const packageText = `prepay_id=${prepayId}`
    expect(Invoke.jsapiV2(order, secret)).toEqual({
      ...{ appId: 'wx1', timeStamp: '1414561699', nonceStr: nonce, package: packageText, signType: type },
      paySign: opensslSigns(
        type,
        'appId=wx1',
        `nonceStr=${nonce}`,
        `package=${packageText}`,
        `signType=${type}`,
        'timeStamp=1414561699',
      ),
    })
  })

  it.each([undefined, 'HMAC-SHA256'] as const)('appV2 with %s', signType => {
    const order = { appid: 'wx1', partnerid: '19', prepayid: prepayId, noncestr: nonce, ...(signType && { signType }) }
    expect(Invoke.appV2(order, secret)).toEqual({
      ...{
        appid: 'wx1',
        partnerid: '19',
        prepayid: prepayId,
        package: 'Sign=WXPay',
        noncestr: nonce,
        timestamp: '1414561699',
      },
      sign: opensslSigns(
        signType ?? 'MD5',
        ...[
          'appid=wx1',
          `noncestr=${nonce}`,
          'package=Sign=WXPay',
          'partnerid=19',
          `prepayid=${prepayId}`,
          'timestamp=1414561699',
        ],
      ),
    })
  })

  it('qrCode', () => {
    const code = Invoke.qrCode({ appid: 'wx1', mch_id: '19', product_id: '商品 1', nonce_str: nonce }, secret)
    const sign = opensslSigns(
      'MD5',
      'appid=wx1',
      'mch_id=19',
      `nonce_str=${nonce}`,
      'product_id=商品 1',
      'time_stamp=1414561699',
    )
    expect(code).toMatch(/^weixin:\/\/wxpay\/bizpayurl\?/)
    expect(Object.fromEntries(new URL(code).searchParams)).toEqual({
      ...{ appid: 'wx1', mch_id: '19', product_id: '商品 1', nonce_str: nonce, time_stamp: '1414561699' },
      sign,
    })
  })

  it('redPacket, whose package is signed as it is and passed on encoded', () => {
    const packageText = 'sendid=242e8abd&ver=8&sign=4110d649&mchid=11475856&appid=wxd27ebc41b85ce36d'
    expect(Invoke.redPacket({ appId: 'wx1', package: packageText, nonceStr: nonce }, secret)).toEqual({
      timeStamp: '1414561699',
      nonceStr: nonce,
      package: 'sendid%3D242e8abd%26ver%3D8%26sign%3D4110d649%26mchid%3D11475856%26appid%3Dwxd27ebc41b85ce36d',
      signType: 'MD5',
      paySign: opensslSigns('MD5', 'appId=wx1', `nonceStr=${nonce}`, `package=${packageText}`, 'timeStamp=1414561699'),
    })
  })
})

describe('coupons', () => {
  it('couponList signs as the original was recorded', () => {
    const [recorded] = vectors('hash.chain')
    const [text, sign] = Array.isArray(recorded?.result) ? recorded.result : []
    const list = {
      send_coupon_params: [
        { out_request_no: '1234567', stock_id: 'abc123' },
        { out_request_no: '7654321', stock_id: '321cba' },
      ],
      send_coupon_merchant: '10016226',
    }
    expect(text).toBe(
      'out_request_no0=1234567&out_request_no1=7654321&send_coupon_merchant=10016226&stock_id0=abc123&stock_id1=321cba',
    )
    expect(Invoke.couponList(list, secret)).toEqual({ ...list, sign })
    expect(opensslSigns('HMAC-SHA256', text)).toBe(sign)
  })

  it('couponList signs every field of every coupon', () => {
    const coupon = {
      stock_id: 's',
      out_request_no: 'o',
      coupon_code: 'c',
      create_coupon_merchant: 'm',
      customize_send_time: 't',
    }
    const { sign } = Invoke.couponList({ send_coupon_params: [coupon], send_coupon_merchant: '1' }, secret)
    const pairs = ['coupon_code0=c', 'create_coupon_merchant0=m', 'customize_send_time0=t', 'out_request_no0=o']
    expect(sign).toBe(opensslSigns('HMAC-SHA256', ...pairs, 'send_coupon_merchant=1', 'stock_id0=s'))
  })

  it('couponPage', () => {
    const page = { stock_id: '1', out_request_no: '2', send_coupon_merchant: '3', open_id: 'o+/=' }
    const address = Invoke.couponPage(page, secret)
    const sign = opensslSigns('HMAC-SHA256', 'open_id=o+/=', 'out_request_no=2', 'send_coupon_merchant=3', 'stock_id=1')
    expect(address).toMatch(/^https:\/\/action\.weixin\.qq\.com\/busifavor\/getcouponinfo\?.+#wechat_redirect$/)
    expect(Object.fromEntries(new URL(address).searchParams)).toEqual({ ...page, sign })
    const { searchParams } = new URL(Invoke.couponPage({ ...page, coupon_code: '4' }, secret))
    expect(searchParams.get('coupon_code')).toBe('4')
    expect(searchParams.get('sign')).not.toBe(sign)
  })
})

describe('WeChat Pay Score', () => {
  const order = { mch_id: '1230000109', package: 'AAQ/+==', nonce_str: nonce }
  const sign = () =>
    opensslSigns(
      'HMAC-SHA256',
      ...[
        'mch_id=1230000109',
        `nonce_str=${nonce}`,
        'package=AAQ/+==',
        'sign_type=HMAC-SHA256',
        'timestamp=1414561699',
      ],
    )
  const signed = () => ({ ...order, timestamp: '1414561699', sign_type: 'HMAC-SHA256', sign: sign() })

  it('payscoreConfirm in a mini program, a page and an app', () => {
    const businessType = 'wxpayScoreUse'
    const miniProgram = Invoke.payscoreConfirm(order, secret, 'miniProgram')
    expect(miniProgram).toEqual({ businessType, extraData: signed() })
    const jsapi = Invoke.payscoreConfirm(order, secret, 'jsapi')
    const app = Invoke.payscoreConfirm(order, secret, 'app')
    expect(jsapi).toEqual({ businessType, queryString: expect.stringContaining('package=AAQ%2F%2B%3D%3D') })
    expect(app).toEqual({ businessType, query: jsapi.queryString })
    expect(Object.fromEntries(new URLSearchParams(app.query))).toEqual(signed())
    expectTypeOf(miniProgram.extraData.sign).toEqualTypeOf<string>()
    // @ts-expect-error: an app is given a query
    expect(app.extraData).toBeUndefined()
  })

  it('payscoreDetail', () => {
    const number = { mch_id: '1', service_id: '2', out_order_no: '3', nonce_str: nonce }
    expect(Invoke.payscoreDetail(number, secret, 'miniProgram')).toEqual({
      businessType: 'wxpayScoreDetail',
      extraData: {
        ...{ ...number, timestamp: '1414561699', sign_type: 'HMAC-SHA256' },
        sign: opensslSigns(
          'HMAC-SHA256',
          ...[
            'mch_id=1',
            `nonce_str=${nonce}`,
            'out_order_no=3',
            'service_id=2',
            'sign_type=HMAC-SHA256',
            'timestamp=1414561699',
          ],
        ),
      },
    })
  })

  it('payscorePermission, without a key', () => {
    const permission = { apply_permissions_token: 'token=' }
    expect(Invoke.payscorePermission(permission, 'app')).toEqual({
      businessType: 'wxpayScoreEnable',
      query: 'apply_permissions_token=token%3D',
    })
  })

  it('smartRetail is confirmed on the same page', () => {
    expect(Invoke.smartRetail(order, secret, 'miniProgram')).toEqual(
      Invoke.payscoreConfirm(order, secret, 'miniProgram'),
    )
  })
})

describe('contracts', () => {
  const contract = {
    appid: 'wx426a3015555a46be',
    contract_code: '122',
    contract_display_account: '张三',
    mch_id: '1223816102',
    notify_url: 'https://www.qq.com/test/papay',
    plan_id: '106',
    request_serial: 123,
    timestamp: 1_414_488_825,
  }
  const pairs = [
    'appid=wx426a3015555a46be',
    'contract_code=122',
    'contract_display_account=张三',
    'mch_id=1223816102',
    'notify_url=https://www.qq.com/test/papay',
    'plan_id=106',
    'request_serial=123',
    'timestamp=1414488825',
  ]
  const texts = Object.fromEntries(Object.entries(contract).map(([name, value]) => [name, String(value)]))

  it('contractMiniProgram', () => {
    expect(Invoke.contractMiniProgram(contract, secret)).toEqual({
      appId: 'wxbd687630cd02ce1d',
      path: 'pages/index/index',
      extraData: { ...contract, sign: opensslSigns('MD5', ...pairs) },
    })
  })

  it('contractPage', () => {
    const address = Invoke.contractPage(contract, secret)
    expect(address).toContain('https://api.mch.weixin.qq.com/papay/entrustweb?')
    expect(address).toContain('notify_url=https%3A%2F%2Fwww.qq.com%2Ftest%2Fpapay')
    expect(Object.fromEntries(new URL(address).searchParams)).toEqual({
      ...{ ...texts, version: '1.0' },
      sign: opensslSigns('MD5', ...pairs, 'version=1.0'),
    })
  })

  it('contractH5', () => {
    const address = Invoke.contractH5({ ...contract, clientip: '12.1.1.12' }, secret)
    expect(address).toContain('https://api.mch.weixin.qq.com/papay/h5entrustweb?')
    const sign = opensslSigns('HMAC-SHA256', pairs[0] ?? '', 'clientip=12.1.1.12', ...pairs.slice(1), 'version=1.0')
    expect(new URL(address).searchParams.get('sign')).toBe(sign)
  })

  it('of a service provider go to a path of their own', () => {
    const ofProvider = { ...contract, sub_mch_id: '1900000109' }
    expect(Invoke.contractPage(ofProvider, secret)).toContain('/papay/partner/entrustweb?')
    expect(Invoke.contractH5({ ...ofProvider, clientip: '::1' }, secret)).toContain('/papay/partner/h5entrustweb?')
  })

  it('that were created before need no key', () => {
    const pre_entrustweb_id = '5778aadY9nltAsZzXixCkFIGYnV2V'
    const redirect = { redirect_appid: 'wx1', redirect_path: 'pages/PwdExemptContract/index' }
    expect(Invoke.presignedContract({ pre_entrustweb_id, ...redirect })).toEqual({
      appId: 'wx1',
      path: 'pages/PwdExemptContract/index',
      extraData: { pre_entrustweb_id },
    })
    expect(Invoke.presignedContract({ pre_entrustweb_id })).toMatchObject({
      appId: 'wxbd687630cd02ce1d',
      path: 'pages/index/index',
    })
    expect(Invoke.contractWebview({ pre_entrustweb_id })).toEqual({
      businessType: 12,
      queryInfo: { pre_entrustweb_id },
    })
    expect(Invoke.contractApp({ miniprogram_username: 'gh_x', miniprogram_path: 'pages/index?a=1' })).toEqual({
      ...{ userName: 'gh_x', path: 'pages/index?a=1', miniprogramType: 0 },
    })
  })
})

describe('pages that need no key', () => {
  it('merchantTransfer', () => {
    const transfer = { mchId: '1230000000', appId: 'wx8888888888888888', package: 'affffddafdfafddffda==' }
    expect(Invoke.merchantTransfer(transfer, 'miniProgram')).toEqual(transfer)
    expect(Invoke.merchantTransfer(transfer, 'jsapi')).toEqual(transfer)
    expect(Invoke.merchantTransfer(transfer, 'app')).toEqual({
      businessType: 'requestMerchantTransfer',
      query: 'mchId=1230000000&appId=wx8888888888888888&package=affffddafdfafddffda%3D%3D',
    })
    const ofProvider = { ...transfer, subMchId: '1230000001', subAppId: 'wx1', openId: 'o1' }
    expect(Invoke.merchantTransfer(ofProvider, 'miniProgram')).toEqual(ofProvider)
  })

  it('parking', () => {
    const service = { mchid: '1230000100', openid: '5K8264', plate_number: '粤B888888', plate_color: 'BLUE' as const }
    const path = '/pages/auth-creditpay/auth-creditpay'
    const query = `mchid=1230000100&openid=5K8264&plate_number=${encodeURIComponent('粤B888888')}&plate_color=BLUE&trade_scene=PARKING`
    expect(Invoke.parking(service, 'miniProgram')).toEqual({
      ...{ appId: 'wxbcad394b3d99dac9', path },
      extraData: { ...service, trade_scene: 'PARKING' },
    })
    expect(Invoke.parking(service, 'jsapi')).toEqual({ username: 'gh_518c42c65952', path: `${path}?${query}` })
    expect(Invoke.parking(service, 'app')).toEqual({
      userName: 'gh_518c42c65952',
      path: `${path}?${query}`,
      miniprogramType: 0,
    })
  })

  it('parkingRepayment', () => {
    expect(Invoke.parkingRepayment({ appid: 'wx1', mchid: '2', openid: 'o' }, 'miniProgram')).toEqual({
      appId: 'wx5e73c65404eee268',
      path: 'pages/invest_list/invest_list',
      extraData: { appid: 'wx1', mchid: '2', openid: 'o', nonce_str: NONCE },
    })
  })

  it('brandMembership, memberCard and memberCardPage', () => {
    expect(Invoke.brandMembership({ token: 'Eh=' }, 'jsapi')).toEqual({
      businessType: 'wxpayCardMember',
      queryString: 'token=Eh%3D&scene=CARD_MEMBER',
    })
    expect(Invoke.memberCardPage({ permission_token: 'zyx' })).toEqual({
      businessType: 'wxpaymktMemberOpen',
      queryString: 'permission_token=zyx',
    })
    const card = { create_card_appid: 'wx1', card_id: 'pbL', outer_str: '123' }
    expect(Invoke.memberCard(card)).toEqual({
      appId: 'wxeb490c6f9b154ef9',
      path: 'pages/card_open/card_open',
      extraData: card,
    })
  })

  it('facePay', () => {
    const payment = { appid: 'wx1', mch_id: '2', store_id: '3', authinfo: 'a', out_trade_no: '4', total_fee: 1 }
    expect(Invoke.facePay(payment)).toEqual({ face_authtype: 'FACEPAY', ...payment })
  })
})

describe('the key', () => {
  const order = { appId: 'wx1', prepay_id: prepayId }
  const shared: SharedSettings = {
    caller: { option: 'mchid', id: merchant.mchid },
    signer: { serial: merchant.serial, sign: () => expect.fail('it was asked') },
    verifier: { announcedSerial: () => undefined, verify: () => undefined },
    apiv3Key: undefined,
    secret: createSecretKey(Buffer.from(secret.secret)),
    privateKey: loadPrivateKey(merchant.privateKey, 'privateKey'),
    store: new MemoryStore(),
  }

  function client(settings: SharedSettings): Client {
    const made = { chain: (path: string) => path }
    register(made, settings)
    return made
  }

  it('may be that of a client', () => {
    const { timeStamp, nonceStr, package: packageText, paySign } = Invoke.jsapi(order, client(shared))
    expect(opensslVerifies(paySign, 'wx1', timeStamp, nonceStr, packageText)).toBe(true)
    const fixed = { ...order, nonceStr: nonce }
    expect(Invoke.jsapiV2(fixed, client(shared))).toEqual(Invoke.jsapiV2(fixed, secret))
  })

  it.each([
    ['at once', (message: Uint8Array) => createSign('sha256').update(message).sign(merchant.privateKey, 'base64')],
    ['later', async (message: Uint8Array) => createSign('sha256').update(message).sign(merchant.privateKey, 'base64')],
  ])('may be behind a signer that signs %s', async (_, sign) => {
    const signer = { signer: { serial: merchant.serial, sign } }
    const parameters = Invoke.jsapi({ ...order, nonceStr: nonce }, signer)
    expectTypeOf(parameters).toEqualTypeOf<Promise<Invoke.JsapiParameters>>()
    expect(await parameters).toEqual(Invoke.jsapi({ ...order, nonceStr: nonce }, privateKey))
    const forApp = { appid: 'wx1', partnerid: '2', prepayid: prepayId, noncestr: nonce }
    expect(await Invoke.app(forApp, signer)).toEqual(Invoke.app(forApp, privateKey))
    expect(await Invoke.miniProgram({ ...order, nonceStr: nonce }, signer)).toEqual(
      Invoke.miniProgram({ ...order, nonceStr: nonce }, privateKey),
    )
  })

  it.each<[string, () => unknown, RegExp]>([
    [
      'a client that signs elsewhere',
      () => Invoke.jsapi(order, client({ ...shared, privateKey: undefined })),
      /pass \{ signer \}/,
    ],
    [
      'a client without the APIv2 key',
      () => Invoke.jsapiV2(order, client({ ...shared, secret: undefined })),
      /`secret`/,
    ],
    ['nothing', () => Invoke.jsapi(order, {} as Client), /\{ privateKey \}, \{ signer \}/],
    ['an empty secret', () => Invoke.jsapiV2(order, { secret: '' }), /\{ secret \}/],
    ['a private key for APIv2', () => Invoke.jsapiV2(order, privateKey as unknown as Client), /\{ secret \}/],
    ['a public key', () => Invoke.jsapi(order, { privateKey: keyFile('merchant.spki.pem') }), /privateKey/],
  ])('is missed in %s', (_, call, message) => {
    expect(call).toThrow(InvalidArgumentError)
    expect(call).toThrow(message)
  })
})

describe('a field that would be signed wrongly is refused, by name', () => {
  const bad = (fields: object): never => fields as never

  it.each<[string, () => unknown, RegExp]>([
    ['a missing prepay_id', () => Invoke.jsapi(bad({ appId: 'wx1' }), privateKey), /`prepay_id`/],
    [
      'an undefined one',
      () => Invoke.app(bad({ appid: 'a', partnerid: 'b', prepay_id: undefined }), privateKey),
      /`prepayid`/,
    ],
    ['an empty one', () => Invoke.miniProgram({ appId: 'wx1', prepay_id: '' }, privateKey), /`prepay_id`/],
    ['an object', () => Invoke.jsapiV2(bad({ appId: 'wx1', prepay_id: {} }), secret), /`prepay_id`/],
    ['a line break', () => Invoke.jsapi({ appId: 'wx1\nwx2', prepay_id: 'x' }, privateKey), /`appId`/],
    ['a fraction', () => Invoke.facePay(bad({ appid: 'a', total_fee: 0.1 })), /`mch_id`|`total_fee`/],
    [
      'a coupon without a stock',
      () => Invoke.couponList(bad({ send_coupon_params: [{}], send_coupon_merchant: '1' }), secret),
      /`stock_id`/,
    ],
    ['an unknown platform', () => Invoke.brandMembership({ token: 'x' }, bad('web' as never)), /`platform`/],
    [
      'a contract without a plan',
      () => Invoke.contractMiniProgram(bad({ appid: 'a', mch_id: 'b' }), secret),
      /`plan_id`/,
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(InvalidArgumentError)
    expect(call).toThrow(message)
  })

  it('an optional field that is undefined is left out', () => {
    const transfer = { mchId: '1', appId: '2', package: '3', openId: undefined }
    expect(Invoke.merchantTransfer(bad(transfer), 'app')).toMatchObject({ query: 'mchId=1&appId=2&package=3' })
  })
})

describe('what is forgotten is asked for, never a raw error:', () => {
  const nothing: readonly unknown[] = [undefined, null, 5, 'x', [], {}, () => {}]
  const bad = (value: unknown): never => value as never

  it.each(nothing)('the keys, given as %o', keys => {
    const order = { appId: 'wx1', prepay_id: prepayId }
    const inApp = { appid: 'wx1', partnerid: '19', prepayid: prepayId }
    for (const call of [
      () => Invoke.jsapi(order, bad(keys)),
      () => Invoke.miniProgram(order, bad(keys)),
      () => Invoke.app(inApp, bad(keys)),
      () => Invoke.jsapiV2(order, bad(keys)),
      () => Invoke.appV2(inApp, bad(keys)),
      () => Invoke.redPacket({ appId: 'wx1', package: 'x' }, bad(keys)),
      () => Invoke.payscoreConfirm({ mch_id: '1', package: 'x' }, bad(keys), 'app'),
    ]) {
      expect(call).toThrow(InvalidArgumentError)
      expect(call).toThrow(/client.*`wxpay`/)
    }
  })

  it.each(nothing)('the first argument of every function, given as %o', given => {
    const functions = Object.entries(Invoke)
    expect(functions.length).toBeGreaterThan(20)
    for (const [name, call] of functions) {
      const run = () => Reflect.apply(call, undefined, [given, { ...privateKey, ...secret }, 'app'])
      expect(run, name).toThrow(InvalidArgumentError)
    }
  })

  it.each([{ signer: undefined }, { signer: {} }, { signer: { sign: 'x' } }])(
    'a signer that cannot sign: %o',
    signer => {
      const call = () => Invoke.jsapi({ appId: 'wx1', prepay_id: prepayId }, bad(signer))
      expect(call).toThrow(InvalidArgumentError)
      expect(call).toThrow(/`signer`/)
    },
  )

  it('a list of coupons that is none', () => {
    const list = { send_coupon_params: {}, send_coupon_merchant: '1' }
    expect(() => Invoke.couponList(bad(list), secret)).toThrow(/`send_coupon_params` must be a list/)
  })
})

describe('a prepay_id that is given as a package is refused: only the phone would fail', () => {
  it.each([`prepay_id=${prepayId}`, ` prepay_id=${prepayId}`, `prepay_id = ${prepayId}`, `prepayid=${prepayId}`])(
    '%j',
    prepay_id => {
      const order = { appId: 'wx1', prepay_id }
      const inApp = { appid: 'wx1', partnerid: '19' }
      for (const call of [
        () => Invoke.jsapi(order, privateKey),
        () => Invoke.miniProgram(order, privateKey),
        () => Invoke.jsapiV2(order, secret),
        () => Invoke.app({ ...inApp, prepay_id }, privateKey),
        () => Invoke.app({ ...inApp, prepayid: prepay_id }, privateKey),
        () => Invoke.appV2({ ...inApp, prepay_id }, secret),
      ]) {
        expect(call).toThrow(InvalidArgumentError)
        expect(call).toThrow(/`prepay_?id` must be/)
      }
    },
  )
})
