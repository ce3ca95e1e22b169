import { spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, privateDecrypt, publicEncrypt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import * as Rsa from '../../lib/crypto/rsa.js'
import { InvalidArgumentError, WechatPayError } from '../../lib/errors.js'
import { decryptFields, encryptFields, hasPlainFields } from '../../lib/trust/encrypt-fields.js'
import { sensitive } from '../../lib/trust/sensitive.js'
import { keyFile } from '../fixtures/vectors.js'

const publicKey = createPublicKey(keyFile('platform.spki.pem'))
const privateKey = createPrivateKey(keyFile('platform.pkcs8.key'))
const open = (text: unknown) => privateDecrypt(privateKey, Buffer.from(String(text), 'base64')).toString()
const seal = (text: string) => publicEncrypt(publicKey, Buffer.from(text)).toString('base64')

/** The value with every ciphertext opened, in angle brackets. */
function opened(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, leaf) =>
    typeof leaf === 'string' && leaf.length === 344 ? `<${open(leaf)}>` : leaf,
  )
}

/** A bank card number as a number: its last digits are lost. */
const CARD_NUMBER = Number('6222021234567890123')

describe('fields on the way out', () => {
  const encrypt = (value: unknown, fields: string[]) => opened(encryptFields(value, fields, publicKey))

  it('are encrypted where they are named, at any depth and in lists, and nowhere else', () => {
    const json = {
      name: '张三',
      payer: { name: '李四', openid: 'o1' },
      receivers: [{ name: '王五', type: 'A' }, { type: 'B' }, { name: '赵六' }],
      nested: [[{ id: '1' }], [{ id: '2' }]],
    }
    const fields = ['/name', '/payer/name', '/receivers/[]/name', '/nested/[]/[]/id', '/absent/name']
    expect(encrypt(json, fields)).toEqual({
      name: '<张三>',
      payer: { name: '<李四>', openid: 'o1' },
      receivers: [{ name: '<王五>', type: 'A' }, { type: 'B' }, { name: '<赵六>' }],
      nested: [[{ id: '<1>' }], [{ id: '<2>' }]],
    })
  })

  it('are encrypted one by one in a list of strings', () => {
    const json = { forms: [{ values: ['张三', '', '李四'] }, { values: 'none' }] }
    expect(encrypt(json, ['/forms/[]/values/[]'])).toEqual({
      forms: [{ values: ['<张三>', '', '<李四>'] }, { values: 'none' }],
    })
    const long = { forms: [{ values: ['short', '深'.repeat(72)] }] }
    const error = failureOf(() => encryptFields(long, ['/forms/[]/values/[]'], publicKey))
    expect(String(error)).toContain('json.forms[0].values[1]')
  })

  it('leave the object of the caller as it was, also when it is frozen', () => {
    const json = Object.freeze({ payer: Object.freeze({ name: '张三' }), other: Object.freeze({}) })
    const encrypted = encryptFields(json, ['/payer/name'], publicKey)
    expect(json).toEqual({ payer: { name: '张三' }, other: {} })
    expect(encrypted).not.toBe(json)
    expect(encrypted).toHaveProperty('other', json.other)
  })

  it('that are not there leave the very object', () => {
    const json = { amount: { total: 1 }, goods: [{ id: 1 }] }
    expect(encryptFields(json, ['/payer/name'], publicKey)).toBe(json)
  })

  it('are encrypted as the strings that JSON would make of them', () => {
    const json = { boxed: Object('张三'), entity: { toJSON: () => ({ name: '李四' }) } }
    expect(encrypt(json, ['/boxed', '/entity/name'])).toEqual({ boxed: '<张三>', entity: { name: '<李四>' } })
  })

  it.each([
    ['a number that has lost digits', CARD_NUMBER],
    ['a number', 13800000000],
    ['NaN', Number.NaN],
    ['a boxed number', Object(CARD_NUMBER)],
    ['a bigint', BigInt('6222021234567890123')],
    ['a boolean', true],
    ['a Date', new Date(0)],
    ['a function', () => '张三'],
    ['a symbol', Symbol('张三')],
    ['an object whose toJSON makes it a number', { toJSON: () => CARD_NUMBER }],
  ])('must be strings: %s is refused before it is converted, by its name and without its value', (_what, value) => {
    const json = { cards: [{ no: value }] }
    for (const check of [
      () => encryptFields(json, ['/cards/[]/no'], publicKey),
      () => hasPlainFields(json, ['/cards/[]/no']),
    ]) {
      const error = failureOf(check)
      expect(error).toBeInstanceOf(InvalidArgumentError)
      expect(String(error)).toMatch(/`json\.cards\[0\]\.no` must be a string/)
      expect(String(error)).not.toMatch(/62220|13800|张三/)
    }
  })

  it('leave what the serialiser must see beside them as it was given', () => {
    const date = new Date(0)
    const boxed = Object(Number.NaN)
    const entity = { toJSON: () => ({ total: 1 }) }
    const holes = Object.assign([1], { 2: 3 })
    const json = { name: '张三', date, boxed, entity, holes, map: new Map() }
    const encrypted = Object(encryptFields(json, ['/name'], publicKey))
    expect(encrypted).toMatchObject({ date, boxed, entity, holes, map: json.map })
    expect(encrypted.date).toBe(date)
    expect(encrypted.boxed).toBe(boxed)
    expect(encrypted.entity).toBe(entity)
    expect(encrypted.holes).toBe(holes)
  })

  it('are not looked for in an object without an end', () => {
    const deep = (levels: number): object => (levels === 0 ? { name: '张三' } : { next: deep(levels - 1) })
    expect(() => hasPlainFields(deep(4_000), ['/name'], 'xml')).toThrow(/`xml`.*256 levels/)
    expect(() => encryptFields(deep(4_000), ['/name'], publicKey)).toThrow(InvalidArgumentError)
    expect(() => encryptFields(deep(4_000), ['/name'], publicKey)).toThrow(/`json`.*256 levels/)
  })

  it('name everything below them', () => {
    expect(encrypt({ names: ['张三', { given: '三' }] }, ['/names'])).toEqual({ names: ['<张三>', { given: '<三>' }] })
  })

  it('stay as they are when there is nothing to hide', () => {
    const json = { empty: '', nothing: null, absent: undefined }
    expect(encryptFields(json, ['/empty', '/nothing', '/absent'], publicKey)).toBe(json)
  })

  it('are not encrypted twice', () => {
    const json = { name: seal('张三'), id: '1' }
    const encrypted = encryptFields(json, ['/name', '/id'], publicKey)
    expect(encrypted).toHaveProperty('name', json.name)
    expect(opened(encrypted)).toEqual({ name: '<张三>', id: '<1>' })
    expect(encryptFields(encrypted, ['/name', '/id'], publicKey)).toBe(encrypted)
  })

  it('are encrypted when they only look like base64', () => {
    expect(encrypt({ name: 'QUJD' }, ['/name'])).toEqual({ name: '<QUJD>' })
  })

  it('keep characters of four bytes, and the longest value', () => {
    const name = '𠮷野家😀'
    const longest = '深'.repeat(71).concat('x')
    expect(Buffer.byteLength(longest)).toBe(214)
    expect(encrypt({ name, longest }, ['/name', '/longest'])).toEqual({ name: `<${name}>`, longest: `<${longest}>` })
  })

  it('that are too long are named, with their length and the limit, and without their value', () => {
    const json = { receivers: [{ name: 'short' }, { name: '深'.repeat(72) }] }
    const error = failureOf(() => encryptFields(json, ['/receivers/[]/name'], publicKey))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(String(error)).toMatch(/json\.receivers\[1\]\.name.*214 bytes.*216/)
    expect(String(error)).not.toContain('深')
  })

  it('with half a surrogate pair are refused, since UTF-8 would change them', () => {
    expect(() => encryptFields({ name: '\ud842' }, ['/name'], publicKey)).toThrow('json.name')
  })

  it('need a key, unless they are encrypted already', () => {
    const error = failureOf(() => encryptFields({ name: '张三' }, ['/name'], undefined))
    expect(error).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/`json\.name` .*`certs`/),
    })
    const json = { name: seal('张三') }
    expect(encryptFields(json, ['/name'], undefined)).toBe(json)
    expect(hasPlainFields(json, ['/name'])).toBe(false)
    expect(hasPlainFields({ name: '张三' }, ['/name'])).toBe(true)
    expect(hasPlainFields({ name: '张三' }, ['/other'])).toBe(false)
  })

  it('that the caller marks are encrypted in any path', () => {
    const json = { a: [{ b: sensitive('张三') }], c: '1' }
    expect(encrypt(json, [])).toEqual({ a: [{ b: '<张三>' }], c: '1' })
    expect(hasPlainFields(json, [])).toBe(true)
    expect(encrypt({ name: sensitive(seal('张三')) }, [])).toEqual({ name: '<张三>' })
  })

  it('leave what is circular to the serialiser', () => {
    const json: Record<string, unknown> = { name: '张三' }
    json.self = json
    expect(encryptFields(json, ['/name'], publicKey)).toHaveProperty('self', json)
  })

  it('fit a key of any size', () => {
    const { publicKey: large, privateKey: own } = generateKeyPairSync('rsa', { modulusLength: 3072 })
    const longest = 'x'.repeat(342)
    const { name } = Object(encryptFields({ name: longest }, ['/name'], large))
    expect(privateDecrypt(own, Buffer.from(name, 'base64')).toString()).toBe(longest)
    expect(encryptFields({ name }, ['/name'], large)).toEqual({ name })
  })
})

describe('PKCS#1 v1.5, for the customs identity check', () => {
  const directory = mkdtempSync(join(tmpdir(), 'wechatpay-fields-'))
  const keyPath = join(directory, 'key.pem')
  writeFileSync(keyPath, keyFile('platform.pkcs8.key'))
  afterAll(() => rmSync(directory, { recursive: true }))
  const openssl = (args: string[], input: Buffer) => {
    const { status, stdout, stderr } = spawnSync('openssl', args, { input })
    expect(stderr.toString()).toBe('')
    expect(status).toBe(0)
    return stdout
  }
  const options = ['-inkey', keyPath, '-pkeyopt', 'rsa_padding_mode:pkcs1']

  it('can be decrypted by OpenSSL', () => {
    const { certificate_name } = Object(
      encryptFields({ certificate_name: '张三' }, ['/certificate_name'], publicKey, { padding: Rsa.PKCS1 }),
    )
    const ciphertext = Buffer.from(certificate_name, 'base64')
    expect(openssl(['pkeyutl', '-decrypt', ...options], ciphertext).toString()).toBe('张三')
  })

  it('from OpenSSL is decrypted, on every Node', async () => {
    const ciphertext = openssl(['pkeyutl', '-encrypt', ...options], Buffer.from('张三')).toString('base64')
    const decrypt = (text: string) => Rsa.decrypt(text, privateKey, Rsa.PKCS1)
    expect(await decryptFields({ name: ciphertext }, ['/name'], decrypt)).toEqual({ name: '张三' })
  })
})

describe('fields on the way in', () => {
  const decrypt = (ciphertext: string) => Rsa.decrypt(ciphertext, privateKey)

  it('are decrypted where they are named, at any depth and in lists', async () => {
    const data = { user: { name: seal('𠮷😀') }, list: [{ phone: seal('1') }, { phone: seal('2') }], other: seal('3') }
    expect(await decryptFields(data, ['/user/name', '/list/[]/phone'], decrypt)).toEqual({
      user: { name: '𠮷😀' },
      list: [{ phone: '1' }, { phone: '2' }],
      other: data.other,
    })
    expect(open(data.user.name)).toBe('𠮷😀')
  })

  it('are decrypted one by one in a list of strings', async () => {
    const data = { forms: [{ values: [seal('张三'), '', seal('李四')] }, { values: 'none' }] }
    expect(await decryptFields(data, ['/forms/[]/values/[]'], decrypt)).toEqual({
      forms: [{ values: ['张三', '', '李四'] }, { values: 'none' }],
    })
  })

  it('that come masked, empty or not at all stay as they came', async () => {
    const data = { name: '张*', phone: '', other: null }
    expect(await decryptFields(data, ['/name', '/phone', '/other', '/absent'], decrypt)).toBe(data)
  })

  it('may be decrypted elsewhere', async () => {
    const asked: string[] = []
    const elsewhere = async (ciphertext: string) => {
      asked.push(ciphertext)
      return decrypt(ciphertext)
    }
    const data = { name: seal('张三') }
    expect(await decryptFields(data, ['/name'], elsewhere)).toEqual({ name: '张三' })
    expect(asked).toEqual([data.name])
  })

  it('that cannot be decrypted are named, and the request is said to be carried out', async () => {
    const other = createPublicKey(keyFile('lowserial.spki.pem'))
    const data = { user: { name: publicEncrypt(other, Buffer.from('张三')).toString('base64') } }
    const error = await decryptFields(data, ['/user/name'], decrypt).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(WechatPayError)
    expect(error).toMatchObject({
      code: 'ERR_FIELD_NOT_DECRYPTED',
      message: expect.stringMatching(/`data\.user\.name`.*`privateKey`/),
    })
  })
})

function failureOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
