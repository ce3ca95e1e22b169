/** A chain that records what it would send, instead of sending it. */
import { createChain } from '../../lib/chain/proxy.js'
import type { OpenNode, OpenRoot, VerbName } from '../../lib/chain/types.js'
import type { Method } from '../../lib/options.js'

export interface Sent {
  method: Method
  template: string
  options: unknown
}

/** What the specs spell with a dot. */
type Segment =
  | '_cardId_'
  | 'apply'
  | 'bind'
  | 'call'
  | 'cards'
  | 'commit'
  | 'constructor'
  | 'marketing'
  | 'native'
  | 'pay'
  | 'profitsharing'
  | 'receivers'
  | 'transactions'

/** A node as the catalogue types it, with children that are surely there; and callable with anything, to try it. */
export type DottedNode = ((...args: unknown[]) => Promise<Sent>) & {
  readonly [Name in Segment | VerbName]: DottedNode
} & OpenNode<Sent>

type DottedRoot = { readonly v2: DottedNode; readonly v3: DottedNode; chain(path: string): DottedNode } & OpenRoot<Sent>

export function record(): { wxpay: DottedRoot; sent: Sent[] } {
  const sent: Sent[] = []
  const wxpay = createChain<Sent>(async (method, template, options) => {
    const request = { method, template, options }
    sent.push(request)
    return request
  })
  return { wxpay: wxpay as DottedRoot, sent }
}
