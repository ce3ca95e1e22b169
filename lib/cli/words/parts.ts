/** What some sentences are made of. */

/** What went wrong with a call. */
export type ErrorKind = 'refused' | 'unavailable' | 'accepted' | 'network' | 'signature' | 'argument' | 'other'

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
