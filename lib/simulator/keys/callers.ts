/** The callers of one simulator: its merchants and its brands, each with its keys. */
import { InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { BRAND_ID, createBrand, mintBrandKeys } from './brand.js'
import {
  type BrandKeys,
  createMerchant,
  type Merchant,
  type MerchantKeys,
  mintKeys,
  type SimulatorKeys,
} from './merchant.js'

interface CallersOptions {
  /** The first mchid belongs to `keys`. */
  mchids: readonly string[]
  /** Empty if the simulator has only the default brand. */
  brandIds: readonly string[]
  /** Missing keys are generated and added. */
  keys: SimulatorKeys
  publicKeyOnly: boolean | undefined
  now: EpochMilliseconds
}

export class Callers {
  /** The merchants by mchid. */
  readonly merchants: ReadonlyMap<string, Merchant>
  /** The brands by brand_id. */
  readonly brands = new Map<string, Merchant>()
  readonly #keys: SimulatorKeys
  readonly firstBrand: string

  private constructor(merchants: readonly Merchant[], brandIds: readonly string[], keys: SimulatorKeys) {
    this.merchants = new Map(merchants.map(merchant => [merchant.mchid, merchant]))
    this.#keys = keys
    this.firstBrand = brandIds[0] ?? BRAND_ID
    for (const id of brandIds) this.#add(id, this.brandKeys(id))
    if (keys.brand && brandIds.length === 0) this.#add(BRAND_ID, keys.brand)
  }

  static async create({ mchids, brandIds, keys, publicKeyOnly, now }: CallersOptions): Promise<Callers> {
    const [first = '', ...others] = mchids
    const known = { ...keys.merchants }
    const minted = await Promise.all(others.map(async id => [id, known[id] ?? (await mintKeys(id, now))] as const))
    if (others.length > 0) keys.merchants = { ...known, ...Object.fromEntries(minted) }
    if (brandIds.length > 0) {
      keys.brands = { ...keys.brands }
      for (const id of brandIds) keys.brands[id] ??= mintBrandKeys()
    }
    const all: (readonly [string, MerchantKeys])[] = [[first, keys], ...minted]
    const merchants = all.map(([id, own]) => createMerchant(id, own, publicKeyOnly))
    return new Callers(merchants, brandIds, keys)
  }

  /** The keys, with the newest platform certificate of each merchant. */
  get keys(): SimulatorKeys {
    const { merchants } = this.#keys
    const current = Object.entries(merchants ?? {}).map(([mchid, keys]) => [mchid, withNewest(keys, this.find(mchid))])
    return {
      ...withNewest(this.#keys, this.first),
      ...(merchants && { merchants: Object.fromEntries(current) }),
    }
  }

  get first(): Merchant {
    const [first] = this.merchants.values()
    if (first) return first
    throw new TypeError('A simulator has at least one merchant.')
  }

  /** The mchids and brand_ids of all callers. */
  ids(): string[] {
    return [...this.merchants.keys(), ...this.brands.keys()]
  }

  /** A merchant or a brand. */
  find(id: string): Merchant | undefined {
    return this.merchants.get(id) ?? this.brands.get(id)
  }

  /** @throws InvalidArgumentError for an unknown merchant. */
  require(mchid: string): Merchant {
    const merchant = this.merchants.get(mchid)
    if (merchant) return merchant
    const known = [...this.merchants.keys()].join(', ')
    throw new InvalidArgumentError(`\`mchid\` must be a merchant of the simulator: ${known}; got '${mchid}'.`)
  }

  /** The first merchant, unless it is named. @throws InvalidArgumentError for an unknown merchant. */
  recipient(id: string | undefined): Merchant {
    return id === undefined ? this.first : (this.find(id) ?? this.require(id))
  }

  /** The keys of one of its merchants. */
  keysOf({ mchid }: Pick<Merchant, 'mchid'>): MerchantKeys {
    return this.#keys.merchants?.[mchid] ?? this.#keys
  }

  /** The keys of a brand. Those of the default brand are generated on the first call. */
  brandKeys(id: string): BrandKeys {
    const known = this.#keys.brands?.[id]
    if (known) return known
    if (id !== BRAND_ID || this.firstBrand !== BRAND_ID) throw unknownBrand(id, [...this.brands.keys()])
    this.#keys.brand ??= mintBrandKeys()
    if (!this.brands.has(id)) this.#add(id, this.#keys.brand)
    return this.#keys.brand
  }

  #add(id: string, keys: BrandKeys): void {
    this.brands.set(id, createBrand(id, keys, this.#keys))
  }
}

function withNewest<Keys extends MerchantKeys>(keys: Keys, merchant: Merchant | undefined): Keys {
  const { newest = keys.platformCertificate } = merchant?.platform ?? {}
  return { ...keys, platformCertificate: newest }
}

function unknownBrand(id: string, known: readonly string[]): InvalidArgumentError {
  return new InvalidArgumentError(`\`brand_id\` must be a brand of the simulator: ${known.join(', ')}; got '${id}'.`)
}
