/** The local gateway as its user holds it: started, asked for its merchant, told what happens next, closed. */
import { setTimeout as delay } from 'node:timers/promises'
import { billEndpoints } from './bills/endpoints.js'
import { Faults, type Misbehaviour } from './gateway/faults.js'
import { Gateway } from './gateway/gateway.js'
import { RequestLog, type SimulatorRequest } from './gateway/request-log.js'
import { V2Room } from './gateway/v2/gateway.js'
import { type Listener, listen } from './http/server.js'
import { createMerchant, type Merchant, mintKeys, type SimulatorKeys } from './keys/merchant.js'
import { migrate, type RotateOptions, rotate } from './keys/rotation.js'
import { mintServerCertificate, type ServerCertificate } from './keys/server-certificate.js'
import { Orders } from './ledger/orders.js'
import { Refunds } from './ledger/refunds.js'
import { announcePayment, announceRefund, announceTransfer } from './notify/events.js'
import { type DeliverOptions, Notifications, type SimulatorNotification } from './notify/notifications.js'
import { requireValid, type SimulatorOptions } from './options.js'
import { certificateEndpoints } from './products/certificates.js'
import { membershipEndpoints } from './products/membership.js'
import { profitSharingEndpoints } from './products/profit-sharing.js'
import { refundEndpoints } from './products/refunds.js'
import { securityEndpoints } from './products/security-echo.js'
import { transactionEndpoints } from './products/transactions.js'
import { Transfers, transferEndpoints } from './products/transfers.js'
import { uploadEndpoints } from './products/uploads.js'
import { billEndpoints as v2BillEndpoints } from './products/v2/bills.js'
import { paymentEndpoints } from './products/v2/payments.js'
import { redPacketEndpoints } from './products/v2/red-packets.js'
import { refundEndpoints as v2RefundEndpoints } from './products/v2/refunds.js'
import { uploadEndpoints as v2UploadEndpoints } from './products/v2/uploads.js'

/** A merchant as `Builder.factory` takes it; plain JSON, so that it can be handed to another process. */
export interface SimulatorConfig {
  mchid: string
  serial: string
  privateKey: string
  /** The platform certificates by serial, and the WeChat Pay public key by its `PUB_KEY_ID_…`. */
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
  merchant: Merchant
  clock: () => number
  orders: Orders
  refunds: Refunds
  transfers: Transfers
  faults: Faults
  log: RequestLog
  notifications: Notifications
  listener: Listener
  tls: ServerCertificate | undefined
  /** Ends whatever is being waited for. */
  interrupt: () => void
}

/** Bytes; more than any JSON payload, and than the videos that WeChat Pay takes. */
const BODY_LIMIT = 8 * 1024 * 1024

/**
 * WeChat Pay on 127.0.0.1: a real HTTP server that verifies what a merchant sends, keeps orders and refunds, signs its
 * answers, notifies, and misbehaves when it is told to.
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
    const transfers = new Transfers()
    const faults = new Faults()
    const log = new RequestLog()
    const { pause, interrupt } = interruptible(sleep)
    const merchant = createMerchant(mchid, keys, options.publicKeyOnly)
    const merchants = new Map([[mchid, merchant]])
    const notifications = new Notifications({ clock, merchant, isAutomatic: options.clock === undefined })
    const gateway = new Gateway({
      merchants,
      endpoints: [
        ...certificateEndpoints,
        ...membershipEndpoints,
        ...profitSharingEndpoints,
        ...securityEndpoints,
        ...transactionEndpoints(orders),
        ...refundEndpoints(refunds),
        ...transferEndpoints(transfers),
        ...billEndpoints(orders, () => listener.url, options.bills),
        ...uploadEndpoints(),
      ],
      v2: new V2Room({
        merchants,
        endpoints: [
          ...paymentEndpoints(orders),
          ...v2RefundEndpoints(refunds),
          ...v2BillEndpoints(orders),
          ...redPacketEndpoints(),
          ...v2UploadEndpoints(),
        ],
      }),
      faults,
      log,
      clock,
      pause,
    })
    const tls = options.https ? await mintServerCertificate() : undefined
    const listener = await listen({ port, limit: BODY_LIMIT, tls, answer: request => gateway.answer(request) })
    return new Simulator({
      mchid,
      keys,
      merchant,
      clock,
      orders,
      refunds,
      transfers,
      faults,
      log,
      notifications,
      listener,
      tls,
      interrupt,
    })
  }

  /** `http://127.0.0.1:<port>`, or https */
  get url(): string {
    return this.#parts.listener.url
  }

  /** A complete merchant for `Builder.factory`. */
  get config(): SimulatorConfig {
    const { mchid, keys, tls, clock, merchant: known } = this.#parts
    const { merchant, platformPublicKey } = keys
    const certificates = known.platform
      .listed(clock())
      .map(({ serial, certificate }) => [serial, certificate.toString()])
    return {
      mchid,
      serial: merchant.serial,
      privateKey: merchant.privateKey,
      certs: {
        ...Object.fromEntries(certificates),
        [platformPublicKey.serial]: platformPublicKey.publicKey,
      },
      apiv3Key: keys.apiv3Key,
      secret: keys.secret,
      merchant: { cert: merchant.certificate, key: merchant.privateKey },
      base_uri: `${this.url}/`,
      ...(tls && { ca: tls.cert }),
    }
  }

  /** Both sides' keys, with the newest platform certificate: for another simulator with the same merchant. */
  get keys(): SimulatorKeys {
    const { keys, merchant } = this.#parts
    return structuredClone({ ...keys, platformCertificate: merchant.platform.newest ?? keys.platformCertificate })
  }

  /** The last 1000 requests that arrived, the oldest first. */
  get requests(): readonly SimulatorRequest[] {
    return this.#parts.log.entries
  }

  /** The last 1000 notifications that payments, refunds and transfers gave rise to, the oldest first. */
  get notifications(): readonly SimulatorNotification[] {
    return this.#parts.notifications.entries
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
   * The platform certificate gets a successor: listed from now on, and signing from now on or `signsIn` milliseconds
   * later. The old one stays listed and valid until it expires.
   *
   * @throws InvalidArgumentError (as a rejection) for an option that cannot be right, and with `publicKeyOnly`.
   */
  async rotate(options: RotateOptions = {}): Promise<{ serial: string }> {
    const { merchant, clock } = this.#parts
    return rotate(merchant.platform, clock(), options)
  }

  /**
   * The merchant changes to the public key: from now on it signs `percent` of the answers, spread evenly (at 20 every
   * fifth), whatever `Wechatpay-Serial` the requests name. Before this is called for the first time, the public key
   * signs the answers to the requests that name it.
   *
   * @throws InvalidArgumentError for a share that is none, and with `publicKeyOnly`.
   */
  migrate(percent: number): void {
    migrate(this.#parts.merchant.platform, percent)
  }

  /**
   * The payer pays. `openid` is who; by default the one that the order names, or somebody.
   *
   * @throws ApiError as WeChat Pay would say it: `ORDER_NOT_EXIST`, `ORDER_CLOSED`, `ORDERPAID`.
   */
  pay(out_trade_no: string, { openid }: { openid?: string } = {}): { transaction_id: string } {
    const { orders, notifications, mchid, clock } = this.#parts
    const order = orders.pay(mchid, out_trade_no, openid, clock())
    notifications.add(announcePayment(order, clock()))
    return { transaction_id: order.payment.transactionId }
  }

  /**
   * The money of a refund arrives: PROCESSING becomes SUCCESS.
   *
   * @throws ApiError `RESOURCE_NOT_EXISTS` for one that was never asked for.
   */
  settle(out_refund_no: string): void {
    const { refunds, notifications, mchid, clock } = this.#parts
    const refund = refunds.settle(mchid, out_refund_no, clock())
    notifications.add(refund && announceRefund(refund, clock()))
  }

  /**
   * The user takes the money of a transfer: WAIT_USER_CONFIRM becomes SUCCESS.
   *
   * @throws ApiError `NOT_FOUND` for one that was never asked for.
   */
  confirm(out_bill_no: string): void {
    const { transfers, notifications, mchid, clock } = this.#parts
    const transfer = transfers.confirm(mchid, out_bill_no, clock())
    notifications.add(transfer && announceTransfer(transfer, clock()))
  }

  /**
   * Sends the notifications that are due by the simulator's clock, one after the other, and resolves when each is
   * acknowledged or refused. One that is not acknowledged within 5 seconds falls due again, 15 times in all, after 15 s,
   * 15 s, 30 s, 3 min, 10 min, 20 min, 30 min, 30 min, 30 min, 60 min, 3 h, 3 h, 3 h, 6 h and 6 h.
   *
   * A simulator without a `clock` sends them by itself; then this waits for those that are under way.
   *
   * @throws InvalidArgumentError (as a rejection) for an option that cannot be right.
   */
  async deliver(options: DeliverOptions = {}): Promise<void> {
    await this.#parts.notifications.deliver(options)
  }

  /** Cuts every connection, also those that still wait for an answer. */
  async close(): Promise<void> {
    this.#parts.interrupt()
    this.#parts.notifications.close()
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
  const waiting = new Set<(isOver: boolean) => void>()
  let isInterrupted = false
  const pause = async (milliseconds: number): Promise<boolean> => {
    if (isInterrupted) return false
    let end = (_isOver: boolean) => {}
    const ended = new Promise<boolean>((resolve, reject) => {
      end = resolve
      if (milliseconds !== Number.POSITIVE_INFINITY) sleep(milliseconds).then(() => resolve(true), reject)
    })
    waiting.add(end)
    return ended.finally(() => waiting.delete(end))
  }
  const interrupt = () => {
    isInterrupted = true
    for (const resolve of waiting) resolve(false)
  }
  return { pause, interrupt }
}
