/** The index for language models. */
import { getCollection } from 'astro:content'
import { addressOf, pages, products } from '../catalogue/site.js'

export async function GET() {
  const guides = (await getCollection('docs')).filter(({ id }) => id.startsWith('guides/'))
  const sections = [...products].map(([product, listed]) => {
    const lines = listed.map(({ title, slug }) => `- [${title}](${addressOf(slug, 'en')}index.md)`)
    return section(product, lines)
  })
  const head = `# wechatpay-chain\n\n> WeChat Pay for Node: every OpenAPI endpoint as a chain, signed, verified and typed. ${pages.length} pages of reference, each as Markdown.\n`
  const lines = guides.map(
    ({ id, data }) => `- [${data.title}](${addressOf(id, 'en')}index.md): ${data.description ?? ''}`,
  )
  return new Response([head, section('Guides', lines), ...sections].join('\n'))
}

function section(title: string, lines: readonly string[]): string {
  return `## ${title}\n\n${lines.join('\n')}\n`
}
