/** The index for language models. */
import { addressOf, pages, products } from '../catalogue/site.js'

export function GET() {
  const sections = [...products].map(([product, listed]) => {
    const lines = listed.map(({ title, slug }) => `- [${title}](${addressOf(slug, 'en')}index.md)`)
    return `## ${product}\n\n${lines.join('\n')}\n`
  })
  const head = `# wechatpay-chain\n\n> WeChat Pay for Node: every OpenAPI endpoint as a chain, signed, verified and typed. ${pages.length} pages of reference, each as Markdown.\n`
  return new Response([head, ...sections].join('\n'))
}
