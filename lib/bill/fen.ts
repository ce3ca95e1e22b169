/** Amounts of bills, which are texts in yuan, as whole fen. */
import { InvalidArgumentError } from '../errors.js'

const YUAN = /^(-?)(\d+)(?:\.(\d{1,2})0*)?$/

/**
 * `'12.30'` is 1230 fen, exactly; sums of such numbers are exact too, up to 90 trillion yuan.
 *
 * @throws InvalidArgumentError for a text that is no amount, or has a fraction of a fen, as fees may.
 */
export function fen(yuan: string): number {
  const [, sign, whole = '', fraction = ''] = YUAN.exec(yuan) ?? []
  const amount = Number(whole + fraction.padEnd(2, '0'))
  if (sign === undefined || !Number.isSafeInteger(amount)) {
    throw new InvalidArgumentError(
      `Bill.fen: found ${JSON.stringify(yuan)}, expected an amount in yuan of whole fen, such as "12.30". A fraction of a fen stays a text: round it as your books do.`,
    )
  }
  return sign === '' || amount === 0 ? amount : -amount
}
