/** WeChat Pay's side of a notification, with node:crypto alone: independent of the code under test. */
import { createCipheriv, createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import { config, platform, signatureHeaders } from '../gateway.js'

export const apiv3Key = 'apiv3-key-of-32-bytes-0123456789'
export const secret = 'apiv2-key-of-32-bytes-0123456789'

/** The configuration of a merchant that receives notifications. */
export const keys = { certs: config.certs, apiv3Key, secret }

/** WeChat Pay's keys, to mint with: the other half of `keys`. */
export const mintKeys = { serial: platform.serial, privateKey: platform.privateKey, apiv3Key }

export interface Notice {
  headers: Record<string, string>
  body: string
}

export const payment = {
  mchid: '1230000109',
  appid: 'wxd678efh567hg6787',
  out_trade_no: '1217752501201407033233368018',
  transaction_id: '1217752501201407033233368018',
  trade_state: 'SUCCESS',
  payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
  amount: { total: 100, payer_total: 100, currency: 'CNY', payer_currency: 'CNY' },
  attach: '自定义数据',
}

interface Changes {
  id?: string
  event_type?: string
  resource?: unknown
  apiv3Key?: string
  ciphertext?: (encrypted: Buffer) => Buffer
  associated_data?: string | undefined
  original_type?: string | undefined
  signature?: { timestamp?: number; serial?: string; privateKey?: string }
}

/** A genuine notification of APIv3, except for the changes. */
export function notice(changes: Changes = {}): Notice {
  const {
    id = randomUUID(),
    event_type = 'TRANSACTION.SUCCESS',
    resource = payment,
    ciphertext = encrypted => encrypted,
  } = changes
  const associatedData = 'associated_data' in changes ? changes.associated_data : 'transaction'
  const nonce = randomBytes(6).toString('hex')
  const encrypted = ciphertext(
    encrypt(JSON.stringify(resource), nonce, associatedData ?? '', changes.apiv3Key ?? apiv3Key),
  )
  const body = JSON.stringify({
    id,
    create_time: '2026-11-24T10:34:56+08:00',
    resource_type: 'encrypt-resource',
    event_type,
    summary: '支付成功',
    resource: {
      original_type: 'original_type' in changes ? changes.original_type : 'transaction',
      algorithm: 'AEAD_AES_256_GCM',
      ciphertext: encrypted.toString('base64'),
      associated_data: associatedData,
      nonce,
    },
  })
  return { headers: { 'content-type': 'application/json', ...signatureHeaders(body, changes.signature) }, body }
}

/** A body that is not a notification, with a valid signature. */
export function signedAnew(body: string): Notice {
  return { headers: { 'content-type': 'application/json', ...signatureHeaders(body) }, body }
}

function encrypt(text: string, nonce: string, associatedData: string, key: string): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(associatedData))
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** A notification of APIv2, signed with MD5 or HMAC-SHA256. */
export function xmlNotice(
  fields: Record<string, string>,
  algorithm: 'MD5' | 'HMAC-SHA256' = 'MD5',
  key = secret,
): Notice {
  const text = Object.keys(fields)
    .sort()
    .filter(name => fields[name] !== '')
    .map(name => `${name}=${fields[name]}`)
    .concat(`key=${key}`)
    .join('&')
  const digest = algorithm === 'MD5' ? createHash('md5') : createHmac('sha256', key)
  return xml({ ...fields, sign: digest.update(text).digest('hex').toUpperCase() })
}

/** XML as WeChat Pay writes it. */
export function xml(fields: Record<string, string>): Notice {
  const lines = Object.entries(fields).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
  return { headers: { 'content-type': 'text/xml' }, body: `<xml>${lines.join('\n')}\n</xml>` }
}

/** The content of a refund of APIv2. */
export function encryptRefund(content: Record<string, string>, key = secret): string {
  const lines = Object.entries(content).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
  const cipher = createCipheriv('aes-256-ecb', createHash('md5').update(key).digest('hex'), null)
  return cipher.update(`<root>${lines.join('')}</root>`, 'utf8', 'base64') + cipher.final('base64')
}

/** The content of a notification of APIv2 that is encrypted with the APIv3 key. */
export function encryptContent(text: string, nonce: string, associatedData: string): string {
  return encrypt(text, nonce, associatedData, apiv3Key).toString('base64')
}
