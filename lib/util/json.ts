/** Reads JSON without rounding its integers. */

/** Finds an integer that may be beyond 2^53, whose 16 digits begin with a 9. In a string it is a false alarm. */
const LONG_INTEGER = /(?:^|[\s:,[])-?(?:9\d{15}|\d{17})/

// Strings are told by their quotes rather than matched whole: a long one would exhaust the stack of the matcher.
const TOKEN = /\\.|"|-?\d+(?:\.\d+)?(?:[Ee][+-]?\d+)?/gs

/**
 * The value of a JSON document, with or without a byte order mark (RFC 8259 section 8.1). Integers beyond 2^53 are strings
 * of their digits, since a number would round them.
 *
 * @throws SyntaxError, whose message quotes the document: it must not be shown.
 */
export function parseJson(json: string): unknown {
  const document = json.charCodeAt(0) === 0xfeff ? json.slice(1) : json
  const value: unknown = JSON.parse(document)
  // Only a document that has parsed can be read token by token.
  return LONG_INTEGER.test(document) ? JSON.parse(quoteLongIntegers(document)) : value
}

function quoteLongIntegers(document: string): string {
  let isInString = false
  return document.replace(TOKEN, token => {
    if (token === '"') isInString = !isInString
    else if (!isInString && /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))) return `"${token}"`
    return token
  })
}
