/** Permissions of WeChat Pay Score: a user permits a service of the merchant, without confirming each order. */
import { beijingDigits, beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { DEFAULT_OPENID } from './order.js'
import { keyOf, Product, type Row, refusals } from './product.js'

type PermissionState = 'UNBINDUSER' | 'AVAILABLE' | 'UNAVAILABLE'
type PermissionEvent = 'confirm' | 'refuse' | 'terminate'

export interface PermissionRequest {
  service_id: string
  appid: string
  sub_appid?: string | undefined
  sub_mchid?: string | undefined
  authorization_code: string
  notify_url?: string | undefined
}

export type Permission = Row<PermissionState, PermissionRequest>

export class Permissions extends Product<PermissionState, PermissionEvent, PermissionRequest> {
  readonly #since: Map<string, { at: EpochMilliseconds }>

  constructor(book: Book) {
    super(book, 'payscore.permissions', {
      first: 'UNBINDUSER',
      moves: {
        UNBINDUSER: { confirm: 'AVAILABLE', refuse: 'UNAVAILABLE' },
        AVAILABLE: { refuse: 'UNAVAILABLE', terminate: 'UNAVAILABLE' },
        UNAVAILABLE: {},
      },
      // A user who has confirmed may revoke it.
      acts: { confirm: { succeed: 'confirm', fail: 'refuse' } },
      id: { prefix: '3', digits: 17 },
      ...refusals(),
      happened: (row, event) => {
        const key = keyOf(row.mchid, row.no)
        const wasOpen = this.#since.has(key)
        if (event === 'confirm') this.#since.set(key, { at: row.updated })
        const { notify_url, ...request } = row.request
        if (notify_url === undefined || (event !== 'confirm' && !wasOpen)) return
        const status = event === 'confirm' ? 'USER_OPEN_SERVICE' : 'USER_CLOSE_SERVICE'
        book.announce({
          event_type: `PAYSCORE.${status}`,
          notify_url,
          summary: event === 'confirm' ? '用户授权成功' : '用户解除授权成功',
          resource: {
            ...request,
            mchid: row.mchid,
            openid: DEFAULT_OPENID,
            user_service_status: status,
            openorclose_time: beijingDigits(row.updated),
          },
        })
      },
    })
    this.#since = book.table('payscore.permissions.since')
  }

  /** The newest confirmed permission of a user for a service. */
  byUser(mchid: string, openid: string | undefined, serviceId: string): Permission | undefined {
    if (openid !== DEFAULT_OPENID) return undefined
    return this.of(mchid).findLast(
      ({ request, no }) => request.service_id === serviceId && this.#since.has(keyOf(mchid, no)),
    )
  }

  describe(row: Permission) {
    const since = this.#since.get(keyOf(row.mchid, row.no))
    return {
      ...row.request,
      mchid: row.mchid,
      ...(since && { openid: DEFAULT_OPENID, authorization_success_time: beijingTime(since.at) }),
      authorization_state: row.state,
      ...(row.state === 'UNAVAILABLE' && { cancel_authorization_time: beijingTime(row.updated) }),
    }
  }
}
