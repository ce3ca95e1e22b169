/** The types of a payment by code: its order, its outcome, and its calls. */

/** A payment that has ended. The payer has paid at most once. */
export type CodePayment<Order> =
  /** The money has arrived. `order` is WeChat Pay's response. */
  | { readonly outcome: 'paid'; readonly order: Order }
  /** No money has moved, and none will: WeChat Pay refused the payment, or nothing was sent. */
  | ({ readonly outcome: 'failed' } & Reason)
  /** The order was ended. If the payer had paid, the money goes back. */
  | ({ readonly outcome: 'reversed' } & Reason)

/** The reason why no money was taken. */
export interface Reason {
  /** A code of WeChat Pay (`NOTENOUGH`, `USERPAYING`) or of this package (`ERR_CONNECT`, `ERR_ABORTED`). */
  readonly reason: string
  /** The error that caused it, if any. */
  readonly cause?: Error
}

export type CodePayState =
  /** The payment is requested. */
  | 'paying'
  /** The payer enters the password, or the state of the order is not known yet. */
  | 'waiting'
  | 'querying'
  | 'reversing'
  | CodePayment<unknown>['outcome']

export interface CodePayProgress {
  readonly state: CodePayState
  readonly out_trade_no: string
  /** The latest result, as the `reason` of an outcome; undefined at the start. */
  readonly reason: string | undefined
  /** Milliseconds since the start. */
  readonly elapsed: number
}

/** WeChat Pay's response about an order. */
export interface Report<Order> {
  readonly order: Order
  /** `trade_state`; undefined if the response does not contain it. */
  readonly state: string | undefined
  readonly outTradeNo: string | undefined
  /** Fen. */
  readonly total: number | undefined
}

/** The calls about one order, in APIv3 or APIv2. They throw the errors of every call. */
export interface OrderCalls<Order> {
  readonly outTradeNo: string
  /** Fen. */
  readonly total: number
  /** Sends the same request each time, with the same order number. */
  pay(): Promise<Report<Order>>
  query(signal: AbortSignal | undefined): Promise<Report<Order>>
  /** Whether WeChat Pay requires a repetition of the call. */
  reverse(): Promise<{ mustRepeat: boolean }>
}
