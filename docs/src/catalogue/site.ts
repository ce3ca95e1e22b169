/** The pages of this site, and the sidebar of each: that of its product. */
import { readDocuments } from './documents.js'
import { guideGroups } from './guides.js'
import { NOTIFICATIONS, OTHERS, pagesOf } from './pages.js'
import { type Locale, words } from './words.js'

/** Made by `npm run generate` in the folder above. */
export const pages = pagesOf(readDocuments('generated'))

export const products: ReadonlyMap<string, typeof pages> = pagesByProduct()

function pagesByProduct() {
  const pairs = pages.flatMap(page => page.products.map(product => ({ product, page })))
  const groups = Map.groupBy(pairs, ({ product }) => product)
  const events = pages.filter(({ kind }) => kind === 'event')
  const ordered = [...groups].sort(([one], [other]) => placeOf(one) - placeOf(other) || one.localeCompare(other, 'zh'))
  return new Map([
    ...ordered.map(([product, members]) => [product, members.map(({ page }) => page)] as const),
    [NOTIFICATIONS, events],
  ])
}

/** Basic payments come first, APIv2 and what has no product last. */
function placeOf(product: string): number {
  if (product.startsWith('基础支付')) return 0
  if (product.startsWith('APIv2')) return 2
  return product === OTHERS ? 3 : 1
}

export function prefixOf(locale: Locale): string {
  return locale === 'zh' ? '/zh-cn/' : '/'
}

/** An address in the site, for a link. */
export function addressOf(slug: string, locale: Locale): string {
  return `${prefixOf(locale)}${slug.split('/').map(encodeURIComponent).join('/')}/`
}

/** What WeChat Pay documents in Chinese only. */
const CHINESE = { lang: 'zh-CN' }

/** Its links lead to the pages of the reader's language by themselves. */
export function sidebarOf(product?: string) {
  const pagesOfProduct = product === undefined ? [] : (products.get(product) ?? [])
  const items = pagesOfProduct.map(({ title, slug }) => ({ label: title, link: addressOf(slug, 'en'), attrs: CHINESE }))
  return [
    {
      label: words.en.guides,
      translations: { 'zh-CN': words.zh.guides },
      collapsed: product !== undefined,
      items: guideGroups(),
    },
    { label: words.en.products, translations: { 'zh-CN': words.zh.products }, link: addressOf('products', 'en') },
    ...(product === undefined ? [] : [{ label: product, items }]),
  ]
}
