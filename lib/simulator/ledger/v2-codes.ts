/** The codes that APIv2 spells differently. The ledger uses the spelling of APIv3 only. */

const V2_CODES: ReadonlyMap<string, string> = new Map([
  ['ORDER_NOT_EXIST', 'ORDERNOTEXIST'],
  ['ORDER_CLOSED', 'ORDERCLOSED'],
  ['NOT_ENOUGH', 'NOTENOUGH'],
  ['AUTH_CODE_EXPIRED', 'AUTHCODEEXPIRE'],
])
const V3_CODES: ReadonlyMap<string, string> = new Map([...V2_CODES].map(([v3, v2]) => [v2, v3]))

/** The code in the spelling of APIv2. */
export function v2CodeOf(code: string): string {
  return V2_CODES.get(code) ?? code
}

/** The code in the spelling of the ledger, from that of either API. */
export function codeOf(spelled: string): string {
  return V3_CODES.get(spelled) ?? spelled
}
