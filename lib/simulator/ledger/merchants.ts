/** The merchants of a simulator: direct merchants, and partners with their sub-merchants. */
import { InvalidArgumentError } from '../../errors.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'
import type { AccountType } from './accounts.js'
import type { Book } from './book.js'
import { problem } from './problem.js'

const ROLES = ['direct', 'partner', 'brand'] as const
const ACCOUNTS = ['BASIC', 'OPERATION', 'FEES'] as const satisfies readonly AccountType[]

/** Fen that accounts hold at first. */
export type Balances = Partial<Readonly<Record<AccountType, number>>>

/** A merchant of the option `merchants`. */
export interface SimulatedMerchant {
  /** For a brand, its brand_id. */
  mchid: string
  /** A direct merchant acts for itself only, a partner also for its sub-merchants. A brand has a client of its own. */
  role: (typeof ROLES)[number]
  /** The sub-merchants that a partner may act for, in addition to those that it admits later. Default: any. */
  subs?: readonly string[]
  /**
   * The initial balances of its accounts in fen. Default: one million yuan in `BASIC` and in `OPERATION`, nothing in
   * `FEES`.
   */
  balances?: Balances
}

/** A merchant without a `role` has no restrictions. */
export type KnownMerchant = Pick<SimulatedMerchant, 'mchid' | 'subs' | 'balances'> & Partial<SimulatedMerchant>

export class Merchants {
  readonly #known: ReadonlyMap<string, KnownMerchant>
  /** The sub-merchants that partners have admitted. */
  readonly #admitted: Map<string, { partner: string }>

  constructor(book: Book, merchants: readonly KnownMerchant[]) {
    this.#known = new Map(merchants.map(merchant => [merchant.mchid, merchant]))
    this.#admitted = book.table('merchants.admitted')
  }

  /** From now on the partner may act for this sub-merchant. */
  admit(partner: string, sub: string): void {
    this.#admitted.set(`${partner}/${sub}`, { partner })
  }

  /** Whether a merchant may act for itself only. */
  isDirect(mchid: string): boolean {
    return this.#known.get(mchid)?.role === 'direct'
  }

  /** Whether a merchant may act for a sub-merchant. */
  mayActFor(mchid: string, sub: string): boolean {
    const { role, subs } = this.#known.get(mchid) ?? {}
    if (role === 'direct') return sub === mchid
    return subs === undefined || subs.includes(sub) || this.#admitted.has(`${mchid}/${sub}`)
  }
}

/** The error when the merchant does not have the product. */
export function noAuthority() {
  return problem(403, 'NO_AUTH', '商户号该产品权限未开通，请前往商户平台>产品中心检查后重试')
}

/** The error for a sub-merchant of a different partner. `code` depends on the API. */
export function noRelation(code: 'NO_AUTH' | 'NOAUTH' = 'NO_AUTH') {
  return problem(403, code, '受理关系不存在')
}

/** @throws InvalidArgumentError for the first invalid or unknown option of a merchant. */
export function requireValidMerchants(merchants: readonly SimulatedMerchant[]): void {
  const isList: boolean = Array.isArray(merchants)
  if (!isList || !merchants.some(({ role }) => role !== 'brand')) {
    refuse('merchants', 'a list with a direct merchant or a partner', JSON.stringify(merchants))
  }
  merchants.forEach(({ mchid, role, subs, balances = {}, ...unknown }, index) => {
    const at = `merchants[${index}]`
    refuseUnknownOptions(unknown, ['mchid', 'role', 'subs', 'balances'], `\`${at}\``)
    requireNumber(`${at}.mchid`, mchid)
    if (merchants.findIndex(other => other.mchid === mchid) < index) refuse(`${at}.mchid`, 'unique', `'${mchid}' twice`)
    if (!ROLES.includes(role)) refuse(`${at}.role`, `one of ${ROLES.join(', ')}`, String(role))
    if (subs !== undefined && role !== 'partner') refuse(`${at}.subs`, 'left out unless `role` is partner', role)
    const isListOfSubs: boolean = Array.isArray(subs ?? [])
    if (!isListOfSubs) refuse(`${at}.subs`, 'a list of merchant IDs', typeof subs)
    for (const [place, sub] of subs?.entries() ?? []) requireNumber(`${at}.subs[${place}]`, sub)
    requireValidBalances(`${at}.balances`, balances)
  })
}

/** @throws InvalidArgumentError for the first invalid or unknown account. */
export function requireValidBalances(option: string, balances: Balances): void {
  for (const [account, fen] of Object.entries(balances)) {
    if (!ACCOUNTS.some(name => name === account)) refuse(option, `of the accounts ${ACCOUNTS.join(', ')}`, account)
    requireFen(`${option}.${account}`, fen)
  }
}

export function requireFen(option: string, fen: unknown): void {
  if (Number.isSafeInteger(fen) && Number(fen) >= 0) return
  refuse(option, 'an integer number of fen of at least 0', String(fen))
}

/** @throws InvalidArgumentError unless it is a merchant ID. */
export function requireNumber(option: string, mchid: unknown): void {
  if (typeof mchid === 'string' && /^\d{1,32}$/.test(mchid)) return
  refuse(option, "a string of digits such as '1900000109'", typeof mchid === 'string' ? `'${mchid}'` : typeof mchid)
}

export function refuse(option: string, expected: string, found: string): never {
  throw new InvalidArgumentError(`\`${option}\` must be ${expected}; got ${found}.`)
}
