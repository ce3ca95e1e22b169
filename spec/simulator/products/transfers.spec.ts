import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { ApiError } from '../../../lib/errors.js'
import type { NotificationEvent } from '../../../lib/notification/index.js'
import * as Notification from '../../../lib/notification/index.js'
import type { Simulator } from '../../../lib/simulator/index.js'
import type { WechatPay } from '../../../lib/types/wechatpay.js'
import { startSimulator } from '../start.js'

describe('a transfer to a user', () => {
  let simulator: Simulator
  let wxpay: WechatPay
  let out_bill_no: string
  let count = 0

  beforeAll(async () => {
    simulator = await startSimulator({ clock: Date.now })
    wxpay = Builder.factory(simulator.config)
  })
  afterAll(() => simulator.close())
  beforeEach(() => {
    out_bill_no = `bill${++count}`
  })

  const place = (over: { transfer_amount?: number; notify_url?: string } = {}) =>
    wxpay.v3.fundApp.mchTransfer.transferBills.post({
      json: {
        appid: 'wxf636efh567hg4356',
        out_bill_no,
        openid: 'o-MYE42l80oelYMDE34nYD456Xoy',
        user_name: '张三',
        transfer_amount: 400,
        transfer_remark: '报销',
        transfer_scene_id: '1000',
        transfer_scene_report_infos: [{ info_type: '活动名称', info_content: '注册会员有礼' }],
        ...over,
      },
    })
  const query = () =>
    wxpay.v3.fundApp.mchTransfer.transferBills.outBillNo._out_bill_no_.get({ out_bill_no }).then(({ data }) => data)

  it('waits for the user, and has a package_info for the confirmation', async () => {
    const { data } = await place()
    expect(data).toMatchObject({ out_bill_no, state: 'WAIT_USER_CONFIRM', package_info: expect.any(String) })
    expect(await query()).toMatchObject({ out_bill_no, state: 'WAIT_USER_CONFIRM', transfer_amount: 400 })
  })

  it('is the same for the same request, and refused when any field differs', async () => {
    const { data } = await place()
    expect((await place()).data).toEqual(data)
    await expect(place({ transfer_amount: 401 })).rejects.toMatchObject({ statusCode: 400, code: 'ALREADY_EXISTS' })
  })

  it('that does not exist is not found', async () => {
    await expect(query()).rejects.toMatchObject({ statusCode: 404, code: 'NOT_FOUND' })
    expect(() => simulator.confirm(out_bill_no)).toThrow(ApiError)
  })

  it('causes one notification when the user has confirmed it', async () => {
    const events: NotificationEvent[] = []
    const receive = Notification.create(wxpay).handler(async event => {
      events.push(event)
    })
    const shop = createServer(receive.node).listen(0, '127.0.0.1')
    await once(shop, 'listening')
    await place({ notify_url: `http://127.0.0.1:${(shop.address() as AddressInfo).port}/notify` })
    simulator.confirm(out_bill_no)
    simulator.confirm(out_bill_no)
    await simulator.deliver()
    shop.close()
    expect(await query()).toMatchObject({ state: 'SUCCESS' })
    expect(events).toMatchObject([
      { event_type: 'MCHTRANSFER.BILL.FINISHED', resource: { out_bill_no, state: 'SUCCESS', transfer_amount: 400 } },
    ])
  })
})
