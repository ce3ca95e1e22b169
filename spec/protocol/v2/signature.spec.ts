import { execFileSync } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../../lib/errors.js'
import { ksort, queryStringLike } from '../../../lib/formatter.js'
import { signTypeOf, signV2, verifyV2, workwxSign } from '../../../lib/protocol/v2/signature.js'
import { toObject, toXml } from '../../../lib/transformer.js'
import { record, replay } from '../../fixtures/vectors.js'

const SECRET = '192006250b4c09247ec02edce69f6a2d'
const ORDER = {
  appid: 'wxd930ea5d5a258f4f',
  mch_id: 10000100,
  device_info: '1000',
  body: 'test',
  nonce_str: 'ibuaiVcKdpRxkhJA',
}

const md5 = (message: string) => createHash('md5').update(message).digest('hex').toUpperCase()
const hmac = (message: string, key = SECRET) => createHmac('sha256', key).update(message).digest('hex').toUpperCase()

/** What the openssl command makes of a message. */
function openssl(message: string, ...args: string[]): string {
  const output = execFileSync('openssl', ['dgst', ...args], { input: message }).toString()
  return output.trim().replace(/^.*= /, '').toUpperCase()
}

const recordedKey = 'exposed_your_key_here_have_risks'

replay(
  'hash.chain',
  ([first, second]) => {
    if (typeof first === 'string') return signV2(record(second), recordedKey, 'HMAC-SHA256')
    const fields = record(first)
    return [queryStringLike(ksort(fields)), signV2(fields, recordedKey, 'HMAC-SHA256')]
  },
  {
    'hash.chain-005': {
      reason: 'booleans are true and false, not 1 and nothing',
      gives: hmac(`f=false&mch_id=1230000109&t=true&z=0&key=${recordedKey}`, recordedKey),
    },
  },
)

describe('signV2', () => {
  it('signs the example of the APIv2 documents with either algorithm', () => {
    expect(signV2(ORDER, SECRET)).toBe('9A0A8659F005D6984697E2CA0A9CF3B7')
    expect(signV2(ORDER, SECRET, 'HMAC-SHA256')).toBe(
      '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6',
    )
  })

  it('signs as the openssl command does', () => {
    const fields = { total_fee: 1, body: '中文 & <😀>', attach: 'a=b&c', sign_type: 'HMAC-SHA256' }
    const message = `attach=a=b&c&body=中文 & <😀>&sign_type=HMAC-SHA256&total_fee=1&key=${SECRET}`
    expect(signV2(fields, SECRET)).toBe(openssl(message, '-sha256', '-hmac', SECRET))
    const plain = { ...fields, sign_type: 'MD5' }
    expect(signV2(plain, SECRET)).toBe(openssl(message.replace('HMAC-SHA256', 'MD5'), '-md5'))
  })

  it('leaves out sign and what is empty, and keeps 0', () => {
    const fields = { sign: 'x', a: '', b: null, c: undefined, d: 0, e: '0', f: false, g: 5n }
    expect(signV2(fields, SECRET)).toBe(md5(`d=0&e=0&f=false&g=5&key=${SECRET}`))
  })

  it('sorts by the bytes of the names, not by UTF-16 units or by number', () => {
    const fields = {
      '10': 'a',
      '9': 'b',
      b: 'c',
      B: 'd',
      _: 'e',
      a_b: 'f',
      ab: 'g',
      '😀': 'h',
      '～': 'i',
      __proto__x: 'j',
    }
    expect(signV2(fields, SECRET)).toBe(md5(`10=a&9=b&B=d&_=e&__proto__x=j&a_b=f&ab=g&b=c&～=i&😀=h&key=${SECRET}`))
  })

  it('signs a field named like a member of every object', () => {
    const fields = toObject('<xml><constructor>1</constructor><__proto__>2</__proto__></xml>')
    expect(signV2(fields, SECRET)).toBe(md5(`__proto__=2&constructor=1&key=${SECRET}`))
  })

  it('signs exactly the string that is sent', () => {
    const fields = { a: 1, b: true, c: -0, d: 1.5, e: new URL('https://example.com/?a=1&b=2'), f: ' \r\n', g: ']]>' }
    const sent = toObject(toXml(fields))
    expect(signV2(sent, SECRET)).toBe(signV2(fields, SECRET))
  })

  it.each([
    ['an object', { h5_info: {} }, /scene_info.*an object.* JSON\.stringify/],
    ['an array', [1], /scene_info.*an array/],
    ['NaN', Number.NaN, /scene_info.*NaN/],
    ['a Date', new Date(0), /scene_info.*a Date/],
  ])('refuses %s and names the field', (_, value, message) => {
    expect(() => signV2({ ...ORDER, scene_info: value }, SECRET)).toThrow(InvalidArgumentError)
    expect(() => signV2({ ...ORDER, scene_info: value }, SECRET)).toThrow(message)
  })

  it.each(['md5', 'HMAC-sha256', 'RSA', 'SHA1', 1])('refuses the sign_type %j', sign_type => {
    expect(() => signV2({ sign_type }, SECRET)).toThrow(/`sign_type` .*"MD5" or "HMAC-SHA256"/)
    // @ts-expect-error: a caller without types.
    expect(() => signV2({}, SECRET, sign_type)).toThrow(/`sign_type` /)
  })

  it('refuses a sign_type in the message that is not what signs it', () => {
    expect(() => signV2({ sign_type: 'MD5' }, SECRET, 'HMAC-SHA256')).toThrow(/`sign_type` .*HMAC-SHA256.*"MD5"/)
  })

  it('refuses an empty secret', () => {
    expect(() => signV2(ORDER, '')).toThrow(InvalidArgumentError)
  })
})

describe('signTypeOf', () => {
  it('is MD5 when the message says nothing', () => {
    expect([{}, { sign_type: '' }, { sign_type: null }].map(signTypeOf)).toEqual(['MD5', 'MD5', 'MD5'])
    expect(signTypeOf({ sign_type: 'HMAC-SHA256' })).toBe('HMAC-SHA256')
  })
})

describe('verifyV2', () => {
  const answer = { return_code: 'SUCCESS', empty: '', zero: '0', sign_type: 'MD5' }
  const message = `return_code=SUCCESS&sign_type=MD5&zero=0&key=${SECRET}`

  it('recognises the algorithm by the length of the sign, not by sign_type', () => {
    expect(verifyV2({ ...answer, sign: md5(message) }, SECRET)).toBe(true)
    expect(verifyV2({ ...answer, sign: hmac(message) }, SECRET)).toBe(true)
  })

  it('accepts only the algorithm that it is called with', () => {
    const signed = { ...answer, sign: md5(message) }
    expect(verifyV2(signed, SECRET, 'MD5')).toBe(true)
    expect(verifyV2(signed, SECRET, 'HMAC-SHA256')).toBe(false)
  })

  it.each([
    ['a changed value', { ...answer, zero: '1', sign: md5(message) }],
    ['a further field', { ...answer, more: 'x', sign: md5(message) }],
    ['a sign with a different secret', { ...answer, sign: md5(message.replace(SECRET, 'x'.repeat(32))) }],
    ['a sign in lower case', { ...answer, sign: md5(message).toLowerCase() }],
    ['a sign that was cut short', { ...answer, sign: md5(message).slice(0, 31) }],
    ['an empty sign', { ...answer, sign: '' }],
    ['no sign', answer],
    ['two signs', { ...answer, sign: [md5(message), md5(message)] }],
    ['a nested field', { ...answer, nested: { a: '1' }, sign: md5(message) }],
  ])('is false for %s', (_, fields) => {
    expect(verifyV2(fields, SECRET)).toBe(false)
  })
})

describe('workwxSign', () => {
  const RED_PACKET = '/mmpaymkttransfers/sendworkwxredpack'
  const redPacket = {
    mch_billno: '123456',
    wxappid: 'wx8888888888888888',
    sender_name: 'XX活动',
    re_openid: 'oxTWIuGaIt6gTKsQRLau2M0yL16E',
    total_amount: 1000,
    act_name: '猜灯谜抢红包活动',
    mch_id: '1900000109',
    nonce_str: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
  }

  it('covers the seven fields of a red packet, with the secret of the agent', () => {
    const message =
      'act_name=猜灯谜抢红包活动&mch_billno=123456&mch_id=1900000109&nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS&re_openid=oxTWIuGaIt6gTKsQRLau2M0yL16E&total_amount=1000&wxappid=wx8888888888888888&secret=agent'
    expect(workwxSign(RED_PACKET, redPacket, 'agent')).toBe(openssl(message, '-md5'))
  })

  it('covers the eight fields of a payment to an employee', () => {
    const payment = {
      openid: 'o',
      amount: 1,
      appid: 'ww',
      desc: 'd',
      mch_id: 'm',
      nonce_str: 'n',
      partner_trade_no: 'p',
    }
    const fields = { ...payment, ww_msg_type: 'NORMAL_MSG', check_name: 'NO_CHECK' }
    expect(workwxSign('/mmpaymkttransfers/promotion/paywwsptrans2pocket', fields, 'agent')).toBe(
      md5(
        'amount=1&appid=ww&desc=d&mch_id=m&nonce_str=n&openid=o&partner_trade_no=p&ww_msg_type=NORMAL_MSG&secret=agent',
      ),
    )
  })

  it('is undefined for a different path', () => {
    for (const path of ['/mmpaymkttransfers/sendredpack', 'constructor']) {
      expect(workwxSign(path, redPacket, 'agent')).toBeUndefined()
    }
  })

  it('refuses a message that lacks what it covers, and an empty secret', () => {
    const { total_amount: _, ...rest } = redPacket
    expect(() => workwxSign(RED_PACKET, { ...rest, act_name: '' }, 'agent')).toThrow(/act_name, total_amount/)
    expect(() => workwxSign(RED_PACKET, redPacket, '')).toThrow(InvalidArgumentError)
  })
})
