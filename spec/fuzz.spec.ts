import { afterAll, describe, expect, it } from 'vitest'
import * as Builder from '../lib/builder.js'
import { expandTemplate } from '../lib/chain/uri-template.js'
import * as Rsa from '../lib/crypto/rsa.js'
import { WechatPayError } from '../lib/errors.js'
import * as Notification from '../lib/notification/index.js'
import * as Transformer from '../lib/transformer.js'
import { keyFile } from './fixtures/vectors.js'
import { config, signatureHeaders, startGateway } from './gateway.js'
import { keys, type Notice, notice, xmlNotice } from './notification/wechat-pay.js'
import { damaged, pick, seeded } from './seeded.js'

/** What fails otherwise than by an error of this package, which says what is wrong. */
async function surprise(attempt: () => unknown): Promise<unknown> {
  try {
    await attempt()
    return undefined
  } catch (error) {
    return error instanceof WechatPayError && /^[^\n\r]{1,2200}$/.test(error.message) ? undefined : error
  }
}

async function surprises(count: number, attempt: (index: number) => unknown): Promise<unknown[]> {
  const found: unknown[] = []
  for (let index = 0; index < count; index++) {
    const error = await surprise(() => attempt(index))
    if (error !== undefined) found.push(error)
  }
  return found
}

const XML =
  '<xml><return_code><![CDATA[SUCCESS]]></return_code><total_fee>100</total_fee><attach>a&amp;b</attach></xml>'
const TEMPLATES: readonly [string, ...string[]] = [
  'v3/pay/{id}',
  'v3/{+path}/x{?q,r*}',
  'v3/{a:3}/{/b*}{&c}',
  'v3/x{;d,e}{.f}',
]
const VALUES: readonly [unknown, ...unknown[]] = [
  'plain',
  '..',
  '',
  null,
  undefined,
  true,
  7,
  Number.NaN,
  ['a', '..'],
  { x: '1' },
  'é/?#',
  '\ud83d',
  Symbol('s'),
]

describe('twenty thousand hostile inputs, the same in every run', () => {
  it('8,000 documents of XML are read, or refused by name', async () => {
    const random = seeded(1)
    expect(await surprises(8000, () => Transformer.toObject(damaged(XML, random)))).toEqual([])
  })

  it('6,000 paths are filled with what they are given, or refused by name, and stay on their host', async () => {
    const random = seeded(2)
    const values = () => Object.fromEntries([...'abcdefqr', 'id', 'path'].map(name => [name, pick(VALUES, random)]))
    const leaves: string[] = []
    const found = await surprises(6000, () => {
      const template = pick(TEMPLATES, random)
      const path = expandTemplate(random() < 0.5 ? template : damaged(template, random), values())
      if (!/^\/(?!\/)[\x21-\x7e]*$/.test(path)) leaves.push(path)
    })
    expect(found.slice(0, 3)).toEqual([])
    expect(leaves.slice(0, 3)).toEqual([])
  })

  it('3,000 keys are read, or refused by name', async () => {
    const random = seeded(3)
    const pem = keyFile('merchant.pkcs1.key')
    expect(await surprises(3000, () => Rsa.from(damaged(pem, random)))).toEqual([])
  })

  it('2,000 notifications that were changed on their way are refused, each with its reason', async () => {
    const random = seeded(4)
    const notification = Notification.create(keys)
    const genuine: [Notice, Notice] = [
      notice(),
      xmlNotice({ out_trade_no: '1217752501201407033233368018', total_fee: '100' }),
    ]
    const accepted: string[] = []
    const found = await surprises(2000, async () => {
      const { headers, body } = pick(genuine, random)
      const changed = damaged(body, random)
      if (changed === body) return
      const event = await notification.parse({ headers, body: changed })
      // XML may be written differently and still say the same.
      if (body.startsWith('{') || !JSON.stringify(event.resource).includes('"total_fee":"100"')) accepted.push(changed)
    })
    expect(found.slice(0, 3)).toEqual([])
    expect(accepted.slice(0, 3)).toEqual([])
  })

  it('1,000 responses that were changed on their way are never data', { timeout: 60_000 }, async () => {
    const random = seeded(5)
    const gateway = await startGateway()
    afterAll(() => gateway.close())
    const wxpay = Builder.factory({ ...config, base_uri: gateway.url, retry: false })
    const body = JSON.stringify({ code_url: 'weixin://wxpay/bizpayurl?pr=x', amount: { total: 100 } })
    const headers = signatureHeaders(body)
    const accepted: string[] = []
    const found = await surprises(1000, async () => {
      const changed = Buffer.from(damaged(body, random))
      gateway.answers = [
        (_request, response) => {
          response.writeHead(pick([200, 204, 202, 400, 401, 500], random), {
            ...headers,
            'content-type': pick(['application/json', 'text/html', 'APPLICATION/JSON', ''], random),
          })
          response.end(changed)
        },
      ]
      const { data } = await wxpay.chain('v3/fuzz').get()
      if (!changed.equals(Buffer.from(body))) accepted.push(String(data))
    })
    expect(found.slice(0, 3)).toEqual([])
    expect(accepted.slice(0, 3)).toEqual([])
  })
})
