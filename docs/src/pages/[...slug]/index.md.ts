/** Each page of the reference, and each guide, as Markdown beside it. */
import { getCollection } from 'astro:content'
import { markdownOf } from '../../catalogue/markdown.js'
import { pages } from '../../catalogue/site.js'

export async function getStaticPaths() {
  const guides = await getCollection('docs')
  return [
    ...pages.map(page => ({ params: { slug: page.slug }, props: { markdown: markdownOf(page) } })),
    ...guides.map(({ id, data, body = '' }) => ({
      params: { slug: id },
      props: { markdown: `# ${data.title}\n\n${body.trim()}\n` },
    })),
  ]
}

export function GET({ props }: { props: { markdown: string } }) {
  return new Response(props.markdown)
}
