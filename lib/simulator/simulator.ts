/** `Simulator`: a local gateway that a test starts, controls and closes. */
import { refuseUnknownOptions } from '../util/unknown-options.js'
import { act, advance, begin, redo } from './commands.js'
import { createBrandConfig, createConfig, type SimulatorBrandConfig, type SimulatorConfig } from './config.js'
import { createControlled } from './controlled.js'
import type { Misbehaviour } from './gateway/faults.js'
import type { SimulatorRequest } from './gateway/request-log.js'
import type { SimulatorKeys } from './keys/merchant.js'
import { merchantPkcs12 } from './keys/pkcs12.js'
import { migrate, type RotateOptions, rotate } from './keys/rotation.js'
import type { Act, ActOptions } from './ledger/acts.js'
import type { Span } from './ledger/clock.js'
import type { DeliverOptions, SimulatorNotification } from './notify/log.js'
import { sampledEvent } from './notify/sampled-event.js'
import type { SimulatorOptions } from './options.js'
import { createParts, type Parts } from './parts.js'
import type { SimulatorSnapshot } from './state/journal.js'
import { closeWorld, contentOf, restoreWorld, type World } from './world.js'

/** The options of `settle` and `confirm`. */
interface EndingOptions {
  /** The merchant, needed only when several have the number. */
  mchid?: string | undefined
  /** The reason for a failure. Without it, the result is a success. */
  fail?: string | undefined
}

export interface TriggerOptions {
  /** The URL that the notification is sent to. */
  to?: string
  /** Fields of the content by their paths, such as `{ 'amount.total': 100 }`. */
  override?: Readonly<Record<string, unknown>>
  /** The merchant, or the brand by its brand ID, that it is for. Default: the first merchant. */
  mchid?: string
}

/**
 * WeChat Pay on 127.0.0.1: a real HTTP server that verifies requests, keeps the states of orders, refunds and
 * transfers, signs its responses, sends notifications, and fails on demand.
 */
export class Simulator {
  readonly #parts: Parts
  #world: World

  private constructor(parts: Parts) {
    this.#parts = parts
    this.#world = parts.createWorld()
  }

  /**
   * Starts a simulator. Without `keys` it first generates new ones, which takes a moment.
   *
   * @throws InvalidArgumentError (the promise rejects) for an invalid or unknown option. A Node error such as
   *   `EADDRINUSE` when the server cannot listen on `port`.
   */
  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const parts = await createParts(options, {
      world: () => started.#world,
      controlled: () => createControlled(started, started.#world, parts),
    })
    const started = new Simulator(parts)
    await redo(started.#world, parts)
    return started
  }

  /** `http://127.0.0.1:<port>`, or `https://…` with the option `https`. With `host`, that address. */
  get url(): string {
    return this.#parts.listeners.first.url
  }

  /** The https address, with the option `https` or `httpsPort`; otherwise undefined. */
  get httpsUrl(): string | undefined {
    const { first, secure } = this.#parts.listeners
    return secure?.url ?? (first.url.startsWith('https:') ? first.url : undefined)
  }

  /** A complete configuration for `Builder.factory`. */
  get config(): SimulatorConfig {
    return this.configOf(this.#parts.callers.first.mchid)
  }

  /** The same for a merchant of the option `merchants`. @throws InvalidArgumentError for a different `mchid`. */
  configOf(mchid: string): SimulatorConfig {
    const { callers, keeper, listeners } = this.#parts
    const merchant = callers.require(mchid)
    const { ca } = listeners
    return createConfig({ keys: callers.keysOf(merchant), merchant, ca, url: this.url, now: keeper.clock() })
  }

  /**
   * A complete configuration for a brand's client: the first brand of the option `merchants`, or a default one, whose
   * keys are generated on first use.
   */
  get brand(): SimulatorBrandConfig {
    return this.brandOf(this.#parts.callers.firstBrand)
  }

  /** The same for a brand of the option `merchants`. @throws InvalidArgumentError for a different `brand_id`. */
  brandOf(brand_id: string): SimulatorBrandConfig {
    const { keys, callers, keeper, listeners } = this.#parts
    const isNew = !callers.brands.has(brand_id)
    const brand = callers.brandKeys(brand_id)
    if (isNew) keeper.addOwner()
    return createBrandConfig({ keys, brandId: brand_id, brand, ca: listeners.ca, url: this.url })
  }

  /**
   * The keys of the merchants and of WeChat Pay, with the newest platform certificate, and those of the brand once they have
   * been generated. Pass them to `Simulator.start` to start a simulator with the same merchant and brand.
   */
  get keys(): SimulatorKeys {
    return structuredClone(this.#parts.callers.keys)
  }

  /**
   * The merchant API certificate with its private key as PKCS#12, the `apiclient_cert.p12` that WeChat Pay issues. Its
   * passphrase is the mchid.
   */
  get pfx(): Buffer {
    const { keys, callers } = this.#parts
    return merchantPkcs12(keys, callers.first.mchid)
  }

  /** The last 1000 requests, oldest first. */
  get requests(): readonly SimulatorRequest[] {
    return this.#world.log.entries
  }

  /** The last 1000 notifications about payments, refunds and transfers, oldest first. */
  get notifications(): readonly SimulatorNotification[] {
    return this.#world.notifications.entries
  }

  /**
   * Adds a rule that makes the next matching requests fail. When several rules match a request, the oldest one applies.
   *
   * @throws InvalidArgumentError for an invalid or unknown option.
   */
  misbehave(rule: Misbehaviour): void {
    this.#parts.faults.add(rule)
    this.#parts.changed()
  }

  /** Removes all rules of `misbehave`, or the one with this `id` of `GET /_sim/faults`. */
  behave(id?: number): void {
    if (id === undefined) this.#parts.faults.clear()
    else this.#parts.faults.remove(id)
    this.#parts.changed()
  }

  /**
   * Adds a new platform certificate. It is listed at once, and signs at once or `signsIn` milliseconds later. The old
   * certificate stays listed and valid until it expires.
   *
   * @returns the serial number of the new certificate.
   * @throws InvalidArgumentError (the promise rejects) for an invalid or unknown option, and with `publicKeyOnly`.
   */
  async rotate({ mchid, ...options }: RotateOptions = {}): Promise<{ serial: string }> {
    const { callers, keeper } = this.#parts
    const { platform } = mchid === undefined ? callers.first : callers.require(mchid)
    const rotated = await rotate(platform, keeper.clock(), options)
    keeper.addOwner()
    return rotated
  }

  /**
   * Moves a merchant, by default the first, to the WeChat Pay public key: from now on this key signs `percent` of the
   * responses, evenly spread (at 20, every fifth one), and the `Wechatpay-Serial` of a request no longer matters.
   * Before the first call, the public key signs the responses to those requests whose `Wechatpay-Serial` names it.
   *
   * @throws InvalidArgumentError for a percentage outside 0 to 100, and with `publicKeyOnly`.
   */
  migrate(percent: number, { mchid, ...unknown }: { mchid?: string } = {}): void {
    refuseUnknownOptions(unknown, ['mchid'], 'migrate')
    const { callers } = this.#parts
    migrate((mchid === undefined ? callers.first : callers.require(mchid)).platform, percent)
  }

  /**
   * The payer pays an order, or a combined order by its number. `mchid` is the merchant, needed only when several have
   * the number. `openid` is the payer. Default: the payer that the order names, otherwise an arbitrary one.
   *
   * With `fail`, the payment fails for that reason, such as `'NOTENOUGH'` or, as APIv3 spells it, `'NOT_ENOUGH'`: an
   * order by code ends as PAYERROR, a deduction as PAY_FAIL, any other can still be paid. `'CANCEL'` means that the
   * payer closes the payment page.
   *
   * Deductions of a contract, and completed service orders of WeChat Pay Score by their `out_order_no`, are paid after
   * a minute without this.
   *
   * @throws ApiError with the code of WeChat Pay: `ORDER_NOT_EXIST`, `ORDER_CLOSED` or `ORDERPAID`, and `NOT_ENOUGH`
   *   when the payer is one of `payers` and has less: then the payment has failed. InvalidArgumentError when the order
   *   names a different payer, when several merchants have the number, and for an unknown option.
   */
  pay(out_trade_no: string, options?: { openid?: string; fail?: undefined; mchid?: string }): { transaction_id: string }
  pay(out_trade_no: string, options: ActOptions): { transaction_id?: string }
  pay(out_trade_no: string, options: ActOptions = {}): { transaction_id?: string } {
    refuseUnknownOptions(options, ['openid', 'fail', 'mchid'], 'pay')
    const mchid = this.#happen('pay', out_trade_no, options)
    const transaction_id = this.#world.ledger.transactionIdOf(mchid, out_trade_no)
    return transaction_id === undefined ? {} : { transaction_id }
  }

  /**
   * The money of a refund arrives: PROCESSING becomes SUCCESS, or with `fail` ABNORMAL or CLOSED. Repeating the call
   * changes nothing. Without this, a refund settles after 20 minutes of business time.
   *
   * It also settles, by their merchant numbers, profit sharing and its returns, the details of a transfer batch,
   * transfers within an authorisation or to a bank card, and receipts. Without this, they settle after some business
   * time. `fail` is the reason, such as `'ACCOUNT_ABNORMAL'`.
   *
   * It settles a withdrawal too, with `fail` as FAIL, or as REFUND, which a bank may also send later. A fapiao is
   * issued or reversed. An application for a sub-merchant, or a change of its settlement account, is approved or
   * rejected. By its `out_parking_no`, a payer repays what WeChat Pay has advanced.
   *
   * @throws ApiError `RESOURCE_NOT_EXISTS` for an unknown refund, and a code of WeChat Pay for one that has ended
   *   differently. InvalidArgumentError for an unknown ending or option.
   */
  settle(out_refund_no: string, options: EndingOptions = {}): void {
    refuseUnknownOptions(options, ['fail', 'mchid'], 'settle')
    this.#happen('settle', out_refund_no, options)
  }

  /**
   * The user confirms a transfer and receives the money: WAIT_USER_CONFIRM becomes SUCCESS, or with `fail` FAIL for
   * that reason, such as `'PAYEE_ACCOUNT_ABNORMAL'`. Repeating the call changes nothing. Without this, a transfer fails
   * after 24 hours of business time.
   *
   * By its merchant number, the user also confirms a service order or a permission of WeChat Pay Score, signs a plan or
   * a contract, authorises transfers, and receives a red packet. With `fail`, the user revokes a permission, a plan, a
   * contract or an authorisation.
   *
   * The user opens the member card of a brand by the openid, and that of a merchant by its code, and fills in the title
   * of a fapiao by its `fapiao_apply_id`. A sub-merchant signs by the number of its application. By its
   * `out_parking_no`, the plate of a parked car is blocked with `fail`, such as `'OVERDUE'`, and unblocked without it.
   *
   * @throws ApiError `NOT_FOUND` for an unknown transfer, and a code of WeChat Pay for one that has ended differently.
   *   InvalidArgumentError for an unknown option.
   */
  confirm(out_bill_no: string, options: EndingOptions = {}): void {
    refuseUnknownOptions(options, ['fail', 'mchid'], 'confirm')
    this.#happen('confirm', out_bill_no, options)
  }

  /**
   * Moves business time forward: orders expire, refunds settle, transfers time out, notifications become due, bills
   * close. The time of signatures stays that of the machine. Resolves when the notifications that have become due have
   * been sent, with as many attempts as in real time. With the option `clock`, and while they are held, they wait for
   * `deliver`.
   *
   * @throws InvalidArgumentError (the promise rejects) for an unknown or negative part.
   */
  async advance(span: Span): Promise<void> {
    advance(this.#world, this.#parts, { name: 'advance', span })
    this.#parts.changed()
    await this.#world.notifications.catchUp()
  }

  /**
   * Sends the notifications that are due by business time, one after the other, and resolves when all of them
   * have been acknowledged, refused or timed out. A notification that is not acknowledged with 200 or 204 within 5 seconds
   * is due again, up to 15 times: after 15 s, 15 s, 30 s, 3 min, 10 min, 20 min, 30 min, 30 min, 30 min, 60 min, 3 h, 3 h, 3 h, 6 h and 6 h.
   *
   * Without the option `clock`, the simulator sends notifications automatically; then this waits for those in progress.
   *
   * @throws InvalidArgumentError (the promise rejects) for an invalid or unknown option.
   */
  async deliver(options: DeliverOptions = {}): Promise<void> {
    await this.#world.notifications.deliver(options)
  }

  /**
   * Forgets everything but the keys: orders, refunds, transfers, requests, notifications, and the rules of `misbehave`.
   * Business time is that of the machine again.
   */
  reset(): void {
    const { faults, keeper, changed } = this.#parts
    closeWorld(this.#world)
    faults.clear()
    this.#world = this.#parts.createWorld()
    keeper.clear()
    changed()
  }

  /** Everything that `reset` forgets, except the rules of `misbehave`, as JSON data for `restore`. */
  snapshot(): SimulatorSnapshot {
    return structuredClone(contentOf(this.#world))
  }

  /**
   * Replaces everything by a `snapshot` of a simulator with the same merchants, so that each test can start from a
   * prepared state.
   *
   * @throws InvalidArgumentError for a snapshot of a different version.
   */
  restore(snapshot: SimulatorSnapshot): void {
    const { createWorld, keeper, changed } = this.#parts
    const world = createWorld()
    restoreWorld(world, snapshot)
    closeWorld(this.#world)
    this.#world = world
    world.notifications.release()
    keeper.compact()
    changed()
  }

  /**
   * Sends a notification of any documented event, without the order or other thing that it is about. Its content is
   * sampled from the documentation. `to` is its URL, by default the `notify_url` of the last notification; `override`
   * sets fields of the content by their paths. Resolves after the first attempt.
   *
   * `COMPLAINT.CREATE` also begins a complaint, which can then be queried and handled: about the last paid order, or
   * the one that `override` names by its `out_trade_no` or `transaction_id`; `override` also sets its `complaint_id`,
   * `complaint_detail`, `problem_description`, `problem_type`, `apply_refund_amount`, `payer_phone` and `payer_openid`.
   * `COMPLAINT.STATE_CHANGE` continues the last complaint, or that of `complaint_id`, with the payer's `action_type`,
   * such as `CONTINUE_COMPLAINT`, and `operate_details`. Both are sent to the URL that the merchant has set for
   * complaints, and `FAPIAO.USER_APPLIED` to the one for fapiaos.
   *
   * @throws InvalidArgumentError (the promise rejects) for an unknown event or option, an unknown path, and a URL that
   *   notifications must not be sent to.
   */
  async trigger(event_type: string, options: TriggerOptions = {}): Promise<SimulatorNotification> {
    const { to, override = {}, mchid, ...unknown } = options
    refuseUnknownOptions(unknown, ['to', 'override', 'mchid'], 'trigger')
    const { ledger, notifications } = this.#world
    const { callers, keeper } = this.#parts
    const recipient = callers.recipient(mchid)
    const known = ledger.book.beginnings.get(event_type)
    const notify_url = to ?? known?.url(recipient.mchid) ?? notifications.entries.at(-1)?.notify_url ?? ''
    notifications.requireAllowed(notify_url)
    const command = { name: 'begin', event_type, mchid: recipient.mchid, given: override } as const
    const fields = begin(this.#world, this.#parts, command)
    const event = sampledEvent(event_type, fields, recipient, ledger.clock.now())
    const notification = { notify_url, event, ...(mchid !== undefined && { recipient: mchid }) }
    keeper.addNotification(notification)
    return notifications.send(notification)
  }

  /**
   * Sends one of `notifications` once more, with a new signature, and resolves after the response.
   *
   * @throws InvalidArgumentError (the promise rejects) for an unknown `id`, and for a notification that was skipped.
   */
  async replay(id: number): Promise<SimulatorNotification> {
    return this.#world.notifications.replay(id)
  }

  /** From now on, notifications wait for `deliver` or `release`, so that a test can decide their order. */
  hold(): void {
    this.#world.notifications.hold()
    this.#parts.changed()
  }

  /** Ends `hold`: notifications are sent automatically again, and at once if they are due. */
  release(): void {
    this.#world.notifications.release()
    this.#parts.changed()
  }

  /** Stops the server. All connections are cut, including those that wait for a response. */
  async close(): Promise<void> {
    const { pauses, listeners, keeper } = this.#parts
    pauses.cancel()
    closeWorld(this.#world)
    await Promise.all([listeners.first.close(), listeners.secure?.close()])
    await keeper.close()
  }

  /** Returns the mchid of the merchant that has the number. */
  #happen(name: Act, number: string, options: ActOptions): string {
    const mchid = act(this.#world, this.#parts, { name, number, options })
    this.#parts.changed()
    return mchid
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
