/** The roots of the chain, with all paths of the catalogue: that of a merchant, and that of a brand. */
import type { OpenNode } from '../chain/types.js'
import type { Walk, WithQuery } from './call.js'
import type { BrandRoutes, Routes } from './generated/routes.js'
import type { V2 } from './generated/v2.js'
import type { Brand, Global, Hk, V3 } from './generated/v3.js'

interface Beginnings {
  readonly v2: V2
  readonly v3: V3
  readonly hk: Hk
  readonly global: Global
}

/** The node that a path leads to from the root; an undocumented path has a node that takes and returns `unknown`. */
type At<Path extends string> = Path extends keyof Routes
  ? Routes[Path]
  : Path extends `/${infer Rest}`
    ? At<Rest>
    : Path extends `brand/${string}`
      ? never
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
  /** For the client of a brand. */
  readonly [path: `brand/${string}`]: never
}

/** The client of a merchant: every path of WeChat Pay as a chain, a bracket or a string. */
export type WechatPay = Root & Unlisted

interface BrandBeginnings {
  readonly brand: Brand
}

type BrandAt<Path extends string> = Path extends keyof BrandRoutes
  ? BrandRoutes[Path]
  : Path extends `/${infer Rest}`
    ? BrandAt<Rest>
    : Path extends `brand/${string}`
      ? Path extends `${infer Rest}?${string}`
        ? WithQuery<BrandAt<Rest>>
        : Walk<BrandBeginnings, Path>
      : never

interface BrandRoot extends BrandBeginnings, BrandRoutes {
  /** Begins a path that is used as written, as in `brand.chain('brand/store/brandstores/{store_id}')`. */
  readonly chain: <Path extends keyof BrandRoutes | (string & {})>(path: Path) => BrandAt<Path>
  readonly toString: () => string
}

/** Paths of brands that are not documented. */
interface UnlistedOfBrands {
  readonly [path: `brand/${string}`]: OpenNode
}

/** The client of a brand: every path under `/brand/`. */
export type BrandPay = BrandRoot & UnlistedOfBrands
