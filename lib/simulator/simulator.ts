/** The local gateway as its user holds it: started, asked for its merchant, told what happens next, closed. */
import { setTimeout as delay } from 'node:timers/promises'
import { certificateEndpoints } from './certificates.js'
import { refundEndpoints } from './domestic-refunds.js'
import { Faults, type Misbehaviour } from './faults.js'
import { Gateway } from './gateway.js'
import { createMerchant, mintKeys, type SimulatorKeys } from './keys.js'
import { membershipEndpoints } from './membership.js'
import { requireValid, type SimulatorOptions } from './options.js'
import { Orders } from './orders.js'
import { Refunds } from './refunds.js'
import { RequestLog, type SimulatorRequest } from './request-log.js'
import { type Listener, listen } from './server.js'
import { mintServerCertificate, type ServerCertificate } from './tls.js'
import { transactionEndpoints } from './transactions.js'
import { billEndpoints } from './v2/bills.js'
import { paymentEndpoints } from './v2/payments.js'
import { redPacketEndpoints } from './v2/red-packets.js'
import { refundEndpoints as v2RefundEndpoints } from './v2/refunds.js'
import { V2Room } from './v2/room.js'

/** A merchant as `Builder.factory` takes it; plain JSON, so that it can be handed to another process. */
export interface SimulatorConfig {
  mchid: string
  serial: string
  privateKey: string
  /** The platform certificate by its serial, and the WeChat Pay public key by its `PUB_KEY_ID_…`. */
  certs: Record<string, string>
  apiv3Key: string
  secret: string
  merchant: { cert: string; key: string }
  base_uri: string
  /** The simulator's own authority, where it serves https. */
  ca?: string
}

interface Parts {
  mchid: string
  keys: SimulatorKeys
  clock: () => number
  orders: Orders
  refunds: Refunds
  faults: Faults
  log: RequestLog
  listener: Listener
  tls: ServerCertificate | undefined
  /** Ends whatever is being waited for. */
  interrupt: () => void
}

/** Bytes; more than any JSON payload. */
const BODY_LIMIT = 4 * 1024 * 1024

/**
 * WeChat Pay on 127.0.0.1: a real HTTP server that verifies what a merchant sends, keeps orders and refunds, signs its
 * answers, and misbehaves when it is told to.
 */
export class Simulator {
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  /** @throws InvalidArgumentError for an option that cannot be right. Node's own error when the port is taken. */
  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    requireValid(options)
    const { mchid = '1900000109', port = 0, clock = Date.now, sleep = sleepOnTimer } = options
    const keys = options.keys ?? (await mintKeys(mchid, clock()))
    const orders = new Orders()
    const refunds = new Refunds(orders)
    const faults = new Faults()
    const log = new RequestLog()
    const { pause, interrupt } = interruptible(sleep)
    const merchants = new Map([[mchid, createMerchant(mchid, keys)]])
    const gateway = new Gateway({
      merchants,
      endpoints: [
        ...certificateEndpoints,
        ...membershipEndpoints,
        ...transactionEndpoints(orders),
        ...refundEndpoints(refunds),
      ],
      v2: new V2Room({
        merchants,
        endpoints: [
          ...paymentEndpoints(orders),
          ...v2RefundEndpoints(refunds),
          ...billEndpoints(orders),
          ...redPacketEndpoints(),
        ],
      }),
      faults,
      log,
      clock,
      pause,
    })
    const tls = options.https ? await mintServerCertificate() : undefined
    const listener = await listen({ port, limit: BODY_LIMIT, tls, answer: request => gateway.answer(request) })
    return new Simulator({ mchid, keys, clock, orders, refunds, faults, log, listener, tls, interrupt })
  }

  /** `http://127.0.0.1:<port>`, or https */
  get url(): string {
    return this.#parts.listener.url
  }

  /** A complete merchant for `Builder.factory`. */
  get config(): SimulatorConfig {
    const { mchid, keys, tls } = this.#parts
    const { merchant, platformCertificate, platformPublicKey } = keys
    return {
      mchid,
      serial: merchant.serial,
      privateKey: merchant.privateKey,
      certs: {
        [platformCertificate.serial]: platformCertificate.certificate,
        [platformPublicKey.serial]: platformPublicKey.publicKey,
      },
      apiv3Key: keys.apiv3Key,
      secret: keys.secret,
      merchant: { cert: merchant.certificate, key: merchant.privateKey },
      base_uri: `${this.url}/`,
      ...(tls && { ca: tls.cert }),
    }
  }

  /** Both sides' keys: for another simulator with the same merchant. */
  get keys(): SimulatorKeys {
    return structuredClone(this.#parts.keys)
  }

  /** The last 1000 requests that arrived, the oldest first. */
  get requests(): readonly SimulatorRequest[] {
    return this.#parts.log.entries
  }

  /** Adds a rule; the first one that matches a request and is not used up decides what happens to it. */
  misbehave(rule: Misbehaviour): void {
    this.#parts.faults.add(rule)
  }

  /** Forgets every rule of `misbehave`. */
  behave(): void {
    this.#parts.faults.clear()
  }

  /**
   * The payer pays. `openid` is who; by default the one that the order names, or somebody.
   *
   * @throws ApiError as WeChat Pay would say it: `ORDER_NOT_EXIST`, `ORDER_CLOSED`, `ORDERPAID`.
   */
  pay(out_trade_no: string, { openid }: { openid?: string } = {}): { transaction_id: string } {
    const { orders, mchid, clock } = this.#parts
    const { transactionId } = orders.pay(mchid, out_trade_no, openid, clock())
    return { transaction_id: transactionId }
  }

  /**
   * The money of a refund arrives: PROCESSING becomes SUCCESS.
   *
   * @throws ApiError `RESOURCE_NOT_EXISTS` for one that was never asked for.
   */
  settle(out_refund_no: string): void {
    const { refunds, mchid, clock } = this.#parts
    refunds.settle(mchid, out_refund_no, clock())
  }

  /** Cuts every connection, also those that still wait for an answer. */
  async close(): Promise<void> {
    this.#parts.interrupt()
    await this.#parts.listener.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function sleepOnTimer(milliseconds: number): Promise<unknown> {
  return delay(milliseconds, undefined, { ref: false })
}

function interruptible(sleep: (milliseconds: number) => Promise<unknown>) {
  let interrupt = () => {}
  const interrupted = new Promise<false>(resolve => {
    interrupt = () => resolve(false)
  })
  const pause = async (milliseconds: number): Promise<boolean> => {
    if (milliseconds === Number.POSITIVE_INFINITY) return interrupted
    return Promise.race([interrupted, sleep(milliseconds).then(() => true)])
  }
  return { pause, interrupt: () => interrupt() }
}
