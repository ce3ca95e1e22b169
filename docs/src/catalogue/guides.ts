/** The guides, in the order of the sidebar. */

interface Group {
  label: string
  chinese: string
  /** The names of the files in `guides`. */
  guides: readonly string[]
}

export const GUIDES: readonly Group[] = [
  {
    label: 'Payments',
    chinese: '收付款',
    guides: ['first-payment', 'notifications', 'refunds', 'pay-by-code', 'transfers', 'bills'],
  },
  { label: 'Merchants', chinese: '商户与密钥', guides: ['keys', 'service-providers', 'brands'] },
  {
    label: 'Development',
    chinese: '开发与上线',
    guides: ['testing', 'command-line', 'errors', 'production', 'security', 'coding-agents'],
  },
  {
    label: 'Coming from elsewhere',
    chinese: '从其他 SDK 迁移',
    guides: ['coming-from-wechatpay-php', 'coming-from-wechatpay-axios-plugin', 'coming-from-wechatpay-node-v3'],
  },
]

/** For Starlight's sidebar. */
export function guideGroups() {
  return GUIDES.map(({ label, chinese, guides }) => ({
    label,
    translations: { 'zh-CN': chinese },
    items: guides.map(name => `guides/${name}`),
  }))
}
