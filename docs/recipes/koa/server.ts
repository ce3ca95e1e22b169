/** Starts the shop at port 3000, and a simulator of WeChat Pay at port 8900. */
import { Builder } from 'wechatpay-chain'
import { Simulator } from 'wechatpay-chain/simulator'
import { createShop } from './shop.ts'

const simulator = await Simulator.start({ port: 8900 })
const wxpay = Builder.factory(simulator.config) // or your own keys

const { mchid } = simulator.config
const shop = createShop(wxpay, { mchid, appid: 'wxd678efh567hg6787', notify_url: 'http://127.0.0.1:3000/notify' })
shop.listen(3000)
