/** The endpoints of gifts for payments: create, query, terminate, and the giving merchants. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import type { Gift, PayGifts } from '../ledger/pay-gifts.js'
import { asksFor, pageOf } from './pages.js'

export function payGiftEndpoints(gifts: PayGifts): readonly Endpoint[] {
  const giftOf = (call: Call) => gifts.find(call.merchant.mchid, readParam(call, 'activity_id'))
  return [
    endpoint(
      'post /v3/marketing/paygiftactivity/unique-threshold-activity',
      ({ merchant, body, now, respond }) => {
        const { id, created } = gifts.place(merchant.mchid, body.activity_base_info.out_request_no, body, now)
        return respond({ activity_id: id, create_time: beijingTime(created) })
      },
      { numbers: 'ledger' },
    ),
    endpoint('get /v3/marketing/paygiftactivity/activities', call => {
      const found = gifts.of(call.merchant.mchid).filter(({ state, request }) => {
        return (
          asksFor(call, 'activity_status', state) &&
          asksFor(call, 'activity_name', request.activity_base_info.activity_name) &&
          asksFor(call, 'award_type', request.award_send_rule.award_type)
        )
      })
      return ok(pageOf(call, found, describe))
    }),
    endpoint('get /v3/marketing/paygiftactivity/activities/{activity_id}', call => ok(describe(giftOf(call)))),
    endpoint('get /v3/marketing/paygiftactivity/activities/{activity_id}/goods', call =>
      ok({ ...pageOf(call, [], goods => goods), activity_id: giftOf(call).id }),
    ),
    endpoint('get /v3/marketing/paygiftactivity/activities/{activity_id}/merchants', call => {
      const gift = giftOf(call)
      const create_time = beijingTime(gift.created)
      const page = pageOf(call, gifts.merchantsOf(gift), mchid => ({ mchid, create_time }))
      return ok({ ...page, activity_id: gift.id })
    }),
    endpoint('post /v3/marketing/paygiftactivity/activities/{activity_id}/merchants/add', call => {
      const gift = giftOf(call)
      gifts.setMerchants(gift, [...gifts.merchantsOf(gift), ...call.body.merchant_id_list])
      return ok({ activity_id: gift.id, add_time: beijingTime(call.now), invalid_merchant_id_list: [] })
    }),
    endpoint('post /v3/marketing/paygiftactivity/activities/{activity_id}/merchants/delete', call => {
      const gift = giftOf(call)
      const left = gifts.merchantsOf(gift).filter(mchid => !call.body.merchant_id_list.includes(mchid))
      gifts.setMerchants(gift, left)
      return ok({ activity_id: gift.id, delete_time: beijingTime(call.now) })
    }),
    endpoint('post /v3/marketing/paygiftactivity/activities/{activity_id}/terminate', call => {
      const { id } = gifts.move(giftOf(call), 'terminate', call.now)
      return ok({ activity_id: id, terminate_time: beijingTime(call.now) })
    }),
  ]
}

function describe({ id, mchid, state, created, updated, request }: Gift): object {
  const { activity_base_info, advanced_setting, award_send_rule } = request
  return {
    activity_id: id,
    activity_type: 'FULL_SEND_ACT_TYPE',
    activity_status: state,
    creator_merchant_id: mchid,
    belong_merchant_id: mchid,
    create_time: beijingTime(created),
    update_time: beijingTime(updated),
    activity_base_info,
    ...(advanced_setting && { advanced_setting }),
    award_send_rule: { full_send_rule: award_send_rule },
  }
}
