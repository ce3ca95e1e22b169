/** What some sentences are made of. */

import type { SimulatorRequest } from '../../simulator/index.js'

/** What the simulator recognises in a request that it refuses. */
export type MistakeCode = NonNullable<SimulatorRequest['diagnosis']>['mistakes'][number]['code']

/** What went wrong with a call. */
export type ErrorKind = 'refused' | 'accepted' | 'network' | 'signature' | 'argument' | 'other'

/** What a simulator says when it has started. */
export interface Ready {
  readonly url: string
  readonly httpsUrl: string | undefined
  readonly page: string
  /** The page, as phones of the same network reach it. */
  readonly phones: string | undefined
  readonly dir: string
  /** Whether it is a proxy for WeChat Pay's hosts. */
  readonly isProxy: boolean
}
