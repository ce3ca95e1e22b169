/** Each page of the reference as Markdown, beside it. */
import { markdownOf } from '../../catalogue/markdown.js'
import { pages } from '../../catalogue/site.js'

export function getStaticPaths() {
  return pages.map(page => ({ params: { slug: page.slug }, props: { page } }))
}

export function GET({ props }: { props: { page: (typeof pages)[number] } }) {
  return new Response(markdownOf(props.page))
}
