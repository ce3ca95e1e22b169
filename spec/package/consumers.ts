/** Programs of a user who installed the package. */
import { join } from 'node:path'

export const MOST_INSTANTIATIONS = 2_000

interface Manifest {
  exports: Readonly<Record<string, { types?: string }>>
}

export function typedEntriesOf({ exports }: Manifest): string[] {
  return Object.keys(exports).filter(name => exports[name]?.types)
}

/** Imports everything that has types, and uses a little of it. */
export function programOf(manifest: Manifest): string {
  const imports = typedEntriesOf(manifest).map(
    (name, index) => `export * as entry${index} from '${join('wechatpay-chain', name)}'\n`,
  )
  return imports.join('') + MANY_CALLS
}

export const EMPTY = 'export {}\n'

export const ONE_CALL = `import { Builder } from 'wechatpay-chain'
const wxpay = Builder.factory({ mchid: '1', privateKey: 'a' })
const json = { appid: 'a', mchid: 'b', description: 'c', out_trade_no: 'd', notify_url: 'e', amount: { total: 1 } }
export const { data } = await wxpay.v3.pay.transactions.native.post({ json })
`

/** A little of everything that is typed; as a function, because CommonJS has no `await` outside of one. */
const MANY_CALLS = `import { Builder, type Operations, type WechatPay } from 'wechatpay-chain'
export async function use(): Promise<unknown> {
  const wxpay: WechatPay = Builder.factory({ mchid: '1', privateKey: 'a' })
  const json: Operations['post /v3/pay/transactions/native']['json'] = {
    appid: 'a', mchid: 'b', description: 'c', out_trade_no: 'd', notify_url: 'e', amount: { total: 1 },
  }
  const a: string = (await wxpay.v3.pay.transactions.native.post({ json })).data.code_url
  const b: string = (await wxpay['v3/pay/transactions/native'].postAsync({ json })).data.code_url
  const c: string = (await wxpay.chain('v3/pay/transactions/native').post({ json })).data.code_url
  const d: undefined = (await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.close.post({ out_trade_no: 'a', json: { mchid: 'b' } })).data
  const e: unknown = (await wxpay.chain('v3/undocumented').post({ json: {} })).data
  const f: string = (await wxpay.v2.pay.orderquery.post({ xml: { appid: 'a', out_trade_no: 'b' } })).data.return_code
  const g: Operations['get /v3/bill/tradebill']['query'] = { bill_date: '2026-11-24', tar_type: 'GZIP' }
  const h: NodeJS.ReadableStream = (await wxpay.v3.billdownload.file.get({ query: { token: 'a' } })).body
  return [a, b, c, d, e, f, g, h]
}
`
