/** The pages of this site, and the sidebar of each: that of its product. */
import { readDocuments } from './documents.js'
import { pagesOf } from './pages.js'
import { type Locale, words } from './words.js'

/** Made by `npm run generate` in the folder above. */
export const pages = pagesOf(readDocuments('../dist/openapi'))

export const products: ReadonlyMap<string, typeof pages> = Map.groupBy(pages, ({ product }) => product)

export function prefixOf(locale: Locale): string {
  return locale === 'zh' ? '/zh-cn/' : '/'
}

/** An address in the site, for a link. */
export function addressOf(slug: string, locale: Locale): string {
  return `${prefixOf(locale)}${slug.split('/').map(encodeURIComponent).join('/')}/`
}

/** Its links lead to the pages of the reader's language by themselves. */
export function sidebarOf(product?: string) {
  const pagesOfProduct = product === undefined ? [] : (products.get(product) ?? [])
  const items = pagesOfProduct.map(({ title, slug }) => ({ label: title, link: addressOf(slug, 'en') }))
  return [
    {
      label: 'Guides',
      translations: { 'zh-CN': words.zh.guides },
      collapsed: true,
      items: [{ autogenerate: { directory: 'guides' } }],
    },
    { label: 'Products', translations: { 'zh-CN': words.zh.products }, link: addressOf('products', 'en') },
    ...(product === undefined ? [] : [{ label: product, items }]),
  ]
}
