import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { listEvents } from '../../openapi/tools/events.mjs'
import { documents } from './catalogue.js'
import { refusals } from './compile.js'

const lib = resolve(import.meta.dirname, '../../lib')
const types = [...listEvents(documents.v3, 'v3'), ...listEvents(documents.v2, 'v2')].map(({ type }) => type)

const head = `import type { EventOf, NotificationEvent } from ${JSON.stringify(join(lib, 'notification/events.js'))}
declare function brings<Resource>(...rest: unknown extends Resource ? ['it is vague'] : []): void
declare const event: NotificationEvent`

async function refused(statements: readonly string[]): Promise<string[]> {
  const found = await refusals(head, statements)
  return [...new Set(found.map(({ statement, message }) => statement ?? message))]
}

it('each notification brings a content of its own', async () => {
  expect(types.length).toBeGreaterThanOrEqual(121)
  expect(await refused(types.map(type => `brings<EventOf<'${type}'>['resource']>()`))).toEqual([])
})

it('the type of a notification tells what it brings', async () => {
  const right = [
    "if (event.event_type === 'TRANSACTION.SUCCESS') event.resource.transaction_id?.length",
    "if (event.event_type === 'REFUND.SUCCESS') event.resource.amount.refund.toFixed()",
    "if (event.event_type === 'v2/refund-processed') event.resource.req_info.out_refund_no.length",
    "if (event.original_type === 'mch_payment') event.resource",
    "if (event.event_type === 'v2/refund-processed') event.original_type satisfies undefined",
    "switch (event.event_type) { case 'COUPON.USE': event.resource.coupon_id.length; break; default: event.id.length }",
  ]
  expect(await refused(right)).toEqual([])
  const wrong = [
    'event.resource.transaction_id',
    "if (event.event_type === 'REFUND.SUCCESS') event.resource.code_url",
    "if (event.event_type === 'REFUND.SUCCES') event.id",
    "if (event.original_type === 'refunds') event.id",
    "if (event.event_type === 'REFUND.SUCCESS' && event.original_type === 'transaction') event.id",
  ]
  expect(await refused(wrong)).toEqual(wrong)
})

it('a payment can be read as the usual one, or told apart by its content', async () => {
  const payment = (statement: string) => `if (event.event_type === 'TRANSACTION.SUCCESS') ${statement}`
  const right = [
    'event.resource.amount.total.toFixed()',
    'event.resource.amount.payer_total.toFixed()',
    'event.resource.payer.openid.length',
    'event.resource.transaction_id.length',
    'event.resource.promotion_detail?.[0]?.amount?.toFixed()',
    "if ('sub_orders' in event.resource) event.resource.sub_orders[0]?.amount.total_amount.toFixed()",
    "if ('combine_out_trade_no' in event.resource) event.resource.sub_orders.length",
    "if ('sp_mchid' in event.resource) event.resource.sub_mchid?.length",
    "if (event.original_type === 'profitsharing') event.resource.receiver.account.length",
    "if (event.original_type === 'transaction') event.resource.amount.total.toFixed()",
  ].map(payment)
  expect(await refused(right)).toEqual([])
  const wrong = [
    'event.resource.receiver.account',
    'event.resource.sub_orders',
    'event.resource.combine_out_trade_no',
    'event.resource.parking_info',
    "if (event.original_type === 'transaction') event.resource.receiver",
    "if (event.original_type === 'profitsharing') event.resource.amount.total.toFixed()",
  ].map(payment)
  expect(await refused(wrong)).toEqual(wrong)
})

it('a refund and a profit sharing read the same whoever asked for them', async () => {
  const right = [
    "if (event.event_type === 'REFUND.SUCCESS') event.resource.amount.payer_refund.toFixed()",
    "if (event.event_type === 'REFUND.ABNORMAL') event.resource.user_received_account.length",
    "if (event.event_type === 'REFUND.CLOSED') event.resource.out_refund_no.length",
    "if (event.event_type === 'PROFITSHARING.SUCCESS') event.resource.receiver.account.length",
    "if (event.event_type === 'PROFITSHARING.SUCCESS') event.resource.receiver.amount.toFixed()",
    "if (event.event_type === 'MCHTRANSFER.BILL.FINISHED') event.resource.transfer_amount.toFixed()",
    "if (event.event_type === 'COMPLAINT.CREATE') event.resource.complaint_id.length",
    "if (event.event_type === 'COUPON.USE') event.resource.consume_information?.consume_mchid.length",
    "if (event.event_type === 'PAYSCORE.USER_PAID') event.resource.out_order_no.length",
  ]
  expect(await refused(right)).toEqual([])
})
