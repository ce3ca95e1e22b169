/** `openBusinessView`: opens pages of WeChat Pay from a mini program, a page or an app. */
import { InvalidArgumentError } from '../errors.js'
import { queryOf } from './fields.js'

/** The place from which the page is opened; each passes on the same fields in its own way. */
export type Platform = 'miniProgram' | 'jsapi' | 'app'

/** The parameters of `wx.openBusinessView`, `wx.invoke('openBusinessView', …)` and `WXOpenBusinessView.Req`. */
export interface BusinessViews<Fields> {
  miniProgram: { businessType: string; extraData: Fields }
  jsapi: { businessType: string; queryString: string }
  app: { businessType: string; query: string }
}

export function businessView<Fields extends object, Where extends Platform>(
  businessType: string,
  fields: Fields,
  platform: Where,
): BusinessViews<Fields>[Where] {
  const views: BusinessViews<Fields> = {
    miniProgram: { businessType, extraData: fields },
    jsapi: { businessType, queryString: queryOf(fields) },
    app: { businessType, query: queryOf(fields) },
  }
  return choose(views, platform)
}

/** @throws InvalidArgumentError for an unknown platform. */
export function choose<Views extends object, Where extends keyof Views & string>(
  views: Views,
  platform: Where,
): Views[Where] {
  if (Object.hasOwn(views, platform)) return views[platform]
  throw new InvalidArgumentError(
    `\`platform\` must be one of ${Object.keys(views).join(', ')}; got ${JSON.stringify(platform)}.`,
  )
}
