/** `openBusinessView`: the pages of WeChat Pay that are opened from a mini program, a page or an app. */
import { InvalidArgumentError } from '../errors.js'
import { queryOf } from './fields.js'

/** Where the page is opened from; each passes the same fields on in its own way. */
export type Platform = 'miniProgram' | 'jsapi' | 'app'

/** What is passed on: to `wx.openBusinessView`, to `wx.invoke('openBusinessView', …)`, to `WXOpenBusinessView.Req`. */
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

/** @throws InvalidArgumentError for a platform that does not have it. */
export function choose<Views extends object, Where extends keyof Views & string>(
  views: Views,
  platform: Where,
): Views[Where] {
  if (Object.hasOwn(views, platform)) return views[platform]
  throw new InvalidArgumentError(`\`platform\` must be one of ${Object.keys(views).join(', ')}.`)
}
