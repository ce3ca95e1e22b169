import { execFileSync } from 'node:child_process'
import { createDecipheriv, createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import * as Notification from '../../lib/notification/index.js'
import { platform } from '../gateway.js'
import { apiv3Key, keys, mintKeys, payment, secret } from './wechat-pay.js'

const folder = mkdtempSync(join(tmpdir(), 'mint-'))
afterAll(() => rmSync(folder, { recursive: true }))

const notification = Notification.create(keys)
const event = { event_type: 'TRANSACTION.SUCCESS', resource: payment }

describe('a minted notification', () => {
  it('is accepted, with missing fields filled in', async () => {
    const { headers, body } = Notification.mint(event, mintKeys)
    expect(await notification.parse({ headers, body })).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      create_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$/),
      event_type: 'TRANSACTION.SUCCESS',
      resource_type: 'encrypt-resource',
      summary: 'TRANSACTION.SUCCESS',
      original_type: 'transaction',
      resource: payment,
    })
  })

  it.each([
    ['TRANSACTION.SUCCESS', 'transaction'],
    ['MCHTRANSFER.BILL.FINISHED', 'mch_payment'],
    ['SOMETHING.NEW', 'something'],
  ])('of %s says that it brings %s, unless it is given', async (event_type, original_type) => {
    const minted = { event_type, resource: payment }
    expect(await notification.parse(Notification.mint(minted, mintKeys))).toMatchObject({ original_type })
    const given = { ...minted, original_type: 'profitsharing' }
    expect(await notification.parse(Notification.mint(given, mintKeys))).toMatchObject({
      original_type: 'profitsharing',
    })
  })

  it('keeps the given fields', async () => {
    const given = {
      ...event,
      id: '1',
      create_time: '2026-01-01T00:00:00+08:00',
      summary: '支付成功',
      resource_type: 'x',
      original_type: 'y',
    }
    expect(await notification.parse(Notification.mint(given, mintKeys))).toEqual(given)
  })

  it('fits into a Request as it is', async () => {
    const request = new Request('https://example.com/notify', { method: 'POST', ...Notification.mint(event, mintKeys) })
    const { headers } = request
    expect(await notification.parse({ headers, body: await request.arrayBuffer() })).toMatchObject({
      resource: payment,
    })
  })

  it('carries the signature that openssl verifies, over the lines that WeChat Pay signs', () => {
    const { headers, body } = Notification.mint(event, mintKeys)
    const file = (name: string, content: string | Buffer) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const publicKey = createPublicKey(platform.certificate).export({ type: 'spki', format: 'pem' })
    const message = `${headers['Wechatpay-Timestamp']}\n${headers['Wechatpay-Nonce']}\n${body}\n`
    const signature = Buffer.from(headers['Wechatpay-Signature'] ?? '', 'base64')
    const said = execFileSync('openssl', [
      ...['dgst', '-sha256', '-verify', file('key.pem', publicKey)],
      ...['-signature', file('signature', signature), file('message', message)],
    ])
    expect(said.toString()).toBe('Verified OK\n')
    expect(headers['Wechatpay-Serial']).toBe(platform.serial)
  })

  it('is decrypted by node:crypto', () => {
    const { resource } = JSON.parse(Notification.mint(event, mintKeys).body)
    const sealed = Buffer.from(resource.ciphertext, 'base64')
    const decipher = createDecipheriv('aes-256-gcm', apiv3Key, resource.nonce)
    decipher.setAAD(Buffer.from(resource.associated_data))
    decipher.setAuthTag(sealed.subarray(-16))
    const text = decipher.update(sealed.subarray(0, -16)).toString() + decipher.final().toString()
    expect(JSON.parse(text)).toEqual(payment)
  })

  it('may be signed at a different time, so that a test can see it refused', async () => {
    const timestamp = Math.floor(Date.now() / 1000) - 400
    const stale = Notification.mint(event, mintKeys, { timestamp })
    await expect(notification.parse(stale)).rejects.toMatchObject({ reason: 'clock' })
  })

  it('is different each time', () => {
    const [one, other] = [Notification.mint(event, mintKeys), Notification.mint(event, mintKeys)]
    expect(one.body).not.toBe(other.body)
    expect(one.headers['Wechatpay-Nonce']).not.toBe(other.headers['Wechatpay-Nonce'])
  })

  it('is not minted with keys that cannot be right', () => {
    expect(() => Notification.mint(event, { ...mintKeys, apiv3Key: 'short' })).toThrow(InvalidArgumentError)
    expect(() => Notification.mint(event, { ...mintKeys, privateKey: platform.certificate })).toThrow(
      InvalidArgumentError,
    )
  })
})

describe('a minted notification of APIv2', () => {
  it.each([
    ['MD5', {}],
    ['HMAC-SHA256', { sign_type: 'HMAC-SHA256' }],
  ])('is signed with %s', async (algorithm, fields) => {
    const resource = { out_trade_no: '1409811653', total_fee: '1', ...fields }
    const minted = Notification.mint({ event_type: 'v2/transaction-success', resource }, { secret })
    const length = algorithm === 'MD5' ? 32 : 64
    expect(minted.headers).toEqual({ 'Content-Type': 'text/xml' })
    expect(await notification.parse(minted)).toMatchObject({
      event_type: 'v2/transaction-success',
      resource: { ...resource, sign: expect.stringMatching(new RegExp(`^[0-9A-F]{${length}}$`)) },
    })
  })

  it('encrypts a refund, which is accepted', async () => {
    const resource = { mch_id: '1', req_info: { out_refund_no: '2', refund_status: 'SUCCESS' } }
    const { body, headers } = Notification.mint({ event_type: 'v2/refund-processed', resource }, { secret })
    expect(body).not.toContain('refund_status')
    expect(await notification.parse({ headers, body })).toMatchObject({ resource })
  })
})
