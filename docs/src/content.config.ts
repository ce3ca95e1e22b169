/** The guides, which the npm package has as well. */

import { defineCollection } from 'astro:content'
import { docsSchema } from '@astrojs/starlight/schema'
import { glob } from 'astro/loaders'

export const collections = {
  docs: defineCollection({
    loader: glob({
      base: './guides',
      pattern: '**/*.md',
      generateId: ({ entry }) => {
        const [name = '', folder] = entry.replace(/\.md$/, '').split('/').reverse()
        return folder === 'zh-CN' ? `zh-cn/guides/${name}` : `guides/${name}`
      },
    }),
    schema: docsSchema(),
  }),
}
