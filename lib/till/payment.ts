/** What a payment by code is about: its order, its outcome, and what it asks of WeChat Pay. */

/** A payment that has ended. Nobody has paid twice, and where money moved it says so. */
export type CodePayment<Order> =
  /** The money has arrived: `order` is what WeChat Pay says about it. */
  | { readonly outcome: 'paid'; readonly order: Order }
  /** No money has moved, and none will: WeChat Pay refused the payment, or nothing was sent. */
  | ({ readonly outcome: 'failed' } & Reason)
  /** The order was ended. If the payer had paid, the money goes back. */
  | ({ readonly outcome: 'reversed' } & Reason)

/** Why no money was taken. */
export interface Reason {
  /** A code to print or to look up: WeChat Pay's (`NOTENOUGH`, `USERPAYING`), or ours (`ERR_CONNECT`, `ERR_ABORTED`). */
  readonly reason: string
  /** The error that the reason is of, if there is one. */
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
  /** What was last found out, as the `reason` of an outcome; undefined at the beginning. */
  readonly reason: string | undefined
  /** Milliseconds since the beginning. */
  readonly elapsed: number
}

/** What WeChat Pay says about an order. */
export interface Report<Order> {
  readonly order: Order
  /** `trade_state`; undefined if the response does not have it. */
  readonly state: string | undefined
  readonly outTradeNo: string | undefined
  /** Fen. */
  readonly total: number | undefined
}

/** The calls about one order, in the language of APIv3 or APIv2. They throw as every call does. */
export interface OrderCalls<Order> {
  readonly outTradeNo: string
  /** Fen. */
  readonly total: number
  /** Always the same order: the number and everything else that is sent stay as they are. */
  pay(): Promise<Report<Order>>
  query(signal: AbortSignal | undefined): Promise<Report<Order>>
  /** Whether WeChat Pay asks for the same call again. */
  reverse(): Promise<{ mustRepeat: boolean }>
}
