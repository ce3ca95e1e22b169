/** The codes that APIv2 spells differently. The ledger uses the spelling of APIv3 only. */

const V2_CODES: ReadonlyMap<string, string> = new Map([
  ['ORDER_NOT_EXIST', 'ORDERNOTEXIST'],
  ['ORDER_CLOSED', 'ORDERCLOSED'],
  ['NOT_ENOUGH', 'NOTENOUGH'],
  ['AUTH_CODE_EXPIRED', 'AUTHCODEEXPIRE'],
])
const V3_CODES: ReadonlyMap<string, string> = new Map([...V2_CODES].map(([v3, v2]) => [v2, v3]))

/** The code as APIv2 writes it. */
export function v2CodeOf(code: string): string {
  return V2_CODES.get(code) ?? code
}

/** The code as the ledger holds it, from the spelling of either API. */
export function codeOf(spelled: string): string {
  return V3_CODES.get(spelled) ?? spelled
}
