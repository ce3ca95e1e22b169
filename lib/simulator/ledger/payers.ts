/** The balances of payers. Only named payers have a balance; all others have unlimited money. */
import { refuseUnknownOptions } from '../../util/unknown-options.js'
import type { Book } from './book.js'
import { refuse, requireFen } from './merchants.js'

/** A payer of the option `payers`. */
export interface SimulatedPayer {
  openid: string
  /** Fen. The minor units of an order in a different currency count as fen. */
  balance: number
}

export class Payers {
  readonly #balances: Map<string, { fen: number }>

  constructor(book: Book, payers: readonly SimulatedPayer[]) {
    this.#balances = book.table('payers')
    for (const { openid, balance } of payers) this.#balances.set(openid, { fen: balance })
  }

  /** Fen; undefined for a payer with unlimited money. */
  balance(openid: string): number | undefined {
    return this.#balances.get(openid)?.fen
  }

  canPay(openid: string, fen: number): boolean {
    return (this.balance(openid) ?? fen) >= fen
  }

  /** Negative for money that the payer spends. */
  receive(openid: string, fen: number): void {
    const known = this.#balances.get(openid)
    if (known) known.fen += fen
  }
}

/** @throws InvalidArgumentError for the first invalid or unknown option of a payer. */
export function requireValidPayers(payers: readonly SimulatedPayer[]): void {
  if (!Array.isArray(payers)) refuse('payers', 'a list such as [{ openid, balance: 100 }]', typeof payers)
  payers.forEach(({ openid, balance, ...unknown }, index) => {
    refuseUnknownOptions(unknown, ['openid', 'balance'], `\`payers[${index}]\``)
    if (typeof openid !== 'string' || openid === '') refuse(`payers[${index}].openid`, 'a string', String(openid))
    requireFen(`payers[${index}].balance`, balance)
  })
}
