import { join, resolve } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { listEvents } from '../../openapi/tools/events.mjs'
import { documents } from './catalogue.js'
import { refusals } from './compile.js'

const lib = resolve(import.meta.dirname, '../../lib')
const types = [...listEvents(documents.v3, 'v3'), ...listEvents(documents.v2, 'v2')].map(({ type }) => type)

const head = `import type { EventOf, NotificationEvent } from ${JSON.stringify(join(lib, 'notification/events.js'))}
declare function brings<Resource>(...rest: unknown extends Resource ? ['it is vague'] : []): void
declare const event: NotificationEvent`

const ofPayment = (statement: string) => `if (event.event_type === 'TRANSACTION.SUCCESS') ${statement}`

/** What compiles, and what does not. */
const READINGS: Record<string, { right: readonly string[]; wrong: readonly string[] }> = {
  'each notification brings a content of its own': {
    right: types.map(type => `brings<EventOf<'${type}'>['resource']>()`),
    wrong: ["brings<EventOf<'TRANSACTION.UNHEARD_OF'>['resource']>()"],
  },
  'the type of a notification tells what it brings': {
    right: [
      "if (event.event_type === 'TRANSACTION.SUCCESS') event.resource.transaction_id?.length",
      "if (event.event_type === 'REFUND.SUCCESS') event.resource.amount.refund.toFixed()",
      "if (event.event_type === 'v2/refund-processed') event.resource.req_info.out_refund_no.length",
      "if (event.original_type === 'mch_payment') event.resource",
      "if (event.event_type === 'v2/refund-processed') event.original_type satisfies undefined",
      "switch (event.event_type) { case 'COUPON.USE': event.resource.coupon_id.length; break; default: event.id.length }",
    ],
    wrong: [
      'event.resource.transaction_id',
      "if (event.event_type === 'REFUND.SUCCESS') event.resource.code_url",
      "if (event.event_type === 'REFUND.SUCCES') event.id",
      "if (event.original_type === 'refunds') event.id",
      "if (event.event_type === 'REFUND.SUCCESS' && event.original_type === 'transaction') event.id",
    ],
  },
  'a payment can be read as the usual one, or told apart by its content': {
    right: [
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
    ].map(ofPayment),
    wrong: [
      'event.resource.receiver.account',
      'event.resource.sub_orders',
      'event.resource.combine_out_trade_no',
      'event.resource.parking_info',
      "if (event.original_type === 'transaction') event.resource.receiver",
      "if (event.original_type === 'profitsharing') event.resource.amount.total.toFixed()",
    ].map(ofPayment),
  },
  'a refund and a profit sharing read the same whoever asked for them': {
    right: [
      "if (event.event_type === 'REFUND.SUCCESS') event.resource.amount.payer_refund.toFixed()",
      "if (event.event_type === 'REFUND.ABNORMAL') event.resource.user_received_account.length",
      "if (event.event_type === 'REFUND.CLOSED') event.resource.out_refund_no.length",
      "if (event.event_type === 'PROFITSHARING.SUCCESS') event.resource.receiver.account.length",
      "if (event.event_type === 'PROFITSHARING.SUCCESS') event.resource.receiver.amount.toFixed()",
      "if (event.event_type === 'MCHTRANSFER.BILL.FINISHED') event.resource.transfer_amount.toFixed()",
      "if (event.event_type === 'COMPLAINT.CREATE') event.resource.complaint_id.length",
      "if (event.event_type === 'COUPON.USE') event.resource.consume_information?.consume_mchid.length",
      "if (event.event_type === 'PAYSCORE.USER_PAID') event.resource.out_order_no.length",
    ],
    wrong: [],
  },
}

let refused: ReadonlySet<string>
beforeAll(async () => {
  const statements = Object.values(READINGS).flatMap(({ right, wrong }) => [...right, ...wrong])
  const found = await refusals(head, statements)
  refused = new Set(found.map(({ statement, message }) => statement ?? expect.fail(message)))
})

it('there are at least the notifications of August 2026', () => {
  expect(types.length).toBeGreaterThanOrEqual(121)
})

it.each(Object.entries(READINGS))('%s', (_, { right, wrong }) => {
  expect(right.filter(statement => refused.has(statement))).toEqual([])
  expect(wrong.filter(statement => refused.has(statement))).toEqual(wrong)
})
