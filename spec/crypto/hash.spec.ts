import { describe, expect, it } from 'vitest'
import { ALGO_HMAC_SHA256, ALGO_MD5, equals, hmac, md5, sign } from '../../lib/crypto/hash.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { ksort, queryStringLike } from '../../lib/formatter.js'
import { data, record, replay, text } from '../fixtures/vectors.js'

function recordedMd5([thing, key, agency]: unknown[]) {
  const flag = typeof agency === 'number' || typeof agency === 'boolean' ? agency : undefined
  return md5(data(thing), key === undefined ? undefined : text(key), flag)
}

function recordedSign(type: unknown, thing: string | Uint8Array, key: unknown) {
  // @ts-expect-error: some of the recorded types are unknown ones.
  return sign(type, thing, text(key))
}

function recordedChain([first, second, third]: unknown[]) {
  if (typeof first === 'string') return recordedSign(first, queryStringLike(ksort(record(second))), third)
  const signed = queryStringLike(ksort(record(first)))
  return [signed, sign(ALGO_HMAC_SHA256, signed, KEY)]
}

const KEY = 'exposed_your_key_here_have_risks'
const unknownType = 'an unknown sign type would send an empty sign'

replay('hash.md5', recordedMd5)
replay('hash.hmac', ([thing, key, algorithm]) =>
  hmac(data(thing), text(key), algorithm === undefined ? undefined : text(algorithm)),
)
replay('hash.sign', ([type, thing, key]) => recordedSign(type, data(thing), key), {
  'hash.sign-003': unknownType,
  'hash.sign-005': unknownType,
})
replay('hash.equals', ([known, user]) => equals(text(known), user === null ? user : text(user)))
replay('hash.chain', recordedChain, {
  'hash.chain-005': {
    reason: 'booleans are true and false, not 1 and nothing',
    gives: hmac('f=false&mch_id=1230000109&t=true&z=0', KEY).toUpperCase(),
  },
})

describe('Hash', () => {
  const message = 'appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100&nonce_str=ibuaiVcKdpRxkhJA'
  const key = '192006250b4c09247ec02edce69f6a2d'

  it('signs the example of the APIv2 documents', () => {
    expect(sign(ALGO_MD5, message, key)).toBe('9A0A8659F005D6984697E2CA0A9CF3B7')
    expect(sign(ALGO_HMAC_SHA256, message, key)).toBe(
      '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6',
    )
  })

  it('signs the example from its fields in any order, without the old sign and the empty', () => {
    const fields = { nonce_str: 'ibuaiVcKdpRxkhJA', mch_id: 10000100, device_info: '1000', body: 'test' }
    const signed = queryStringLike(ksort({ ...fields, sign: 'old', attach: '', appid: 'wxd930ea5d5a258f4f' }))
    expect(signed).toBe(message)
  })

  it.each([true, 1, '1000002'])('an agency %j turns the key into a secret', agency => {
    expect(md5('abc', KEY, agency)).toBe(md5(`abc&secret=${KEY}`))
    expect(md5('abc', KEY)).toBe(md5(`abc&key=${KEY}`))
  })

  it.each([ALGO_MD5, ALGO_HMAC_SHA256] as const)('%s without a key is refused: anyone could make that sign', type => {
    expect(() => sign(type, 'abc', '')).toThrow(InvalidArgumentError)
    // @ts-expect-error: no key at all.
    expect(() => sign(type, 'abc')).toThrow(/`key` .*got undefined/)
  })

  it('an error shows no key', () => {
    expect(() => hmac('abc', KEY, 'nope')).toThrow(/`algorithm` .*"nope"/)
    expect(() => hmac('abc', KEY, 'nope')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(KEY) }),
    )
  })

  it('strings are compared by their bytes', () => {
    expect(equals('中', '中')).toBe(true)
    expect(equals('中', 'abc')).toBe(false)
    expect(equals('abc', 'abd')).toBe(false)
    expect(equals('abc', undefined)).toBe(false)
  })
})
