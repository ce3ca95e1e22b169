/** Starts the shop at port 3000, and a simulator of WeChat Pay at port 8900. */
import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Builder } from 'wechatpay-chain'
import { Simulator } from 'wechatpay-chain/simulator'
import { ShopController, type ShopOptions } from './shop.controller.js'

const simulator = await Simulator.start({ port: 8900 })
const options: ShopOptions = {
  wxpay: Builder.factory(simulator.config), // or your own keys
  mchid: simulator.config.mchid,
  appid: 'wxd678efh567hg6787',
  notify_url: 'http://127.0.0.1:3000/notify',
}

@Module({ controllers: [ShopController], providers: [{ provide: 'SHOP', useValue: options }] })
class ShopModule {}

const app = await NestFactory.create(ShopModule, { rawBody: true })
await app.listen(3000)
