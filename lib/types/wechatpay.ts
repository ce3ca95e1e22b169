/** The root of the chain, with all paths of the catalogue. */
import type { OpenNode } from '../chain/types.js'
import type { Walk, WithQuery } from './call.js'
import type { Routes } from './generated/routes.js'
import type { V2 } from './generated/v2.js'
import type { Brand, Global, Hk, V3 } from './generated/v3.js'

interface Beginnings {
  readonly v2: V2
  readonly v3: V3
  readonly hk: Hk
  readonly global: Global
  readonly brand: Brand
}

/** The node that a path leads to from the root; an undocumented path has a node that takes and returns `unknown`. */
type At<Path extends string> = Path extends keyof Routes
  ? Routes[Path]
  : Path extends `/${infer Rest}`
    ? At<Rest>
    : Path extends `${infer Rest}?${string}`
      ? WithQuery<At<Rest>>
      : Walk<Beginnings, Path>

interface Root extends Beginnings, Routes {
  /** Begins a path that is used as written, as in `wxpay.chain('v3/pay/transactions/native')`. */
  readonly chain: <Path extends keyof Routes | (string & {})>(path: Path) => At<Path>
  readonly toString: () => string
}

/** Paths that are not documented. */
interface Unlisted {
  readonly [path: `${string}/${string}`]: OpenNode
}

/** A client: every path of WeChat Pay as a chain, a bracket or a string. */
export type WechatPay = Root & Unlisted
