import starlight from '@astrojs/starlight'
import { defineConfig } from 'astro/config'
import { guideGroups } from './src/catalogue/guides.ts'

// A sidebar with every page would be repeated in every page: each operation has that of its product only.
export default defineConfig({
  trailingSlash: 'always',
  integrations: [
    starlight({
      title: 'wechatpay-chain',
      defaultLocale: 'root',
      locales: {
        root: { label: 'English', lang: 'en' },
        'zh-cn': { label: '简体中文', lang: 'zh-CN' },
      },
      customCss: ['./src/styles/site.css', './src/styles/search.css'],
      components: { PageTitle: './src/components/PageTitle.astro', Search: './src/components/Search.astro' },
      sidebar: [...guideGroups(), { label: 'Reference', translations: { 'zh-CN': '接口参考' }, link: '/products/' }],
      pagefind: true,
    }),
  ],
})
