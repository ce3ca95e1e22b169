/** Tells the values of placeholders from the options of a call. */
import { InvalidArgumentError } from '../errors.js'
import type { OpenOptions } from '../options.js'

const OPTIONS: ReadonlySet<string> = new Set([
  'json',
  'xml',
  'body',
  'query',
  'headers',
  'file',
  'filename',
  'meta',
  'sink',
  'base_uri',
  'timeout',
  'signal',
  'retry',
  'dispatcher',
  'security',
  'nonceless',
  'sandbox',
  'encrypt',
])

/**
 * @throws InvalidArgumentError for a name that is neither an option nor a placeholder of the path, and for one that is
 * both: it cannot be known which is meant.
 */
export function splitOptions(
  given: object,
  placeholders: readonly string[],
  template: string,
): { values: Record<string, unknown>; options: OpenOptions } {
  const values: Record<string, unknown> = {}
  const options: OpenOptions = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const isOption = OPTIONS.has(name)
    if (placeholders.includes(name)) {
      if (isOption) throw new InvalidArgumentError(clash(name, template))
      values[name] = value
    } else if (isOption) {
      options[name] = value
    } else {
      throw new InvalidArgumentError(unknownOption(name, placeholders, template))
    }
  }
  return { values, options }
}

function clash(name: string, template: string): string {
  return `\`${name}\` is an option of every call and a placeholder of \`${template}\`: write the placeholder's value into the path, percent-encoded.`
}

function unknownOption(name: string, placeholders: readonly string[], template: string): string {
  const known = placeholders.length > 0 ? `its placeholders are ${placeholders.join(', ')}` : 'it has no placeholders'
  return `\`${name}\` is neither an option nor a placeholder of \`${template}\` (${known}). A payload goes into \`json\`, parameters into \`query\`.`
}
