/** Converts the amounts of bills, strings in yuan, to whole fen. */
import { InvalidArgumentError } from '../errors.js'

const YUAN = /^(-?)(\d+)(?:\.(\d{1,2})0*)?$/

/**
 * `'12.30'` is 1230 fen, exactly; sums of such numbers are exact too, up to 90 trillion yuan.
 *
 * @throws InvalidArgumentError for a string that is not an amount, or that has a fraction of a fen, as fees may.
 */
export function fen(yuan: string): number {
  const [, sign, whole = '', fraction = ''] = YUAN.exec(yuan) ?? []
  const amount = Number(whole + fraction.padEnd(2, '0'))
  if (sign === undefined || !Number.isSafeInteger(amount)) {
    throw new InvalidArgumentError(
      `\`yuan\` must be an amount in yuan without fractions of a fen, such as "12.30"; got ${JSON.stringify(yuan)}. Round fractions of a fen before the conversion.`,
    )
  }
  return sign === '' || amount === 0 ? amount : -amount
}
