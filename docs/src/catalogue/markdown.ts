/** A page as Markdown, for language models. */
import type { EventPage, Field, OperationPage } from './pages.js'
import { print } from './print.js'
import { words } from './words.js'

export function markdownOf(page: OperationPage | EventPage): string {
  const { title, official, sections, sample } = page
  return [
    `# ${title}`,
    page.kind === 'operation' ? `\`${page.method.toUpperCase()} /${page.path}\`` : `\`${page.types.join('`, `')}\``,
    official.map(url => `<${url}>`).join(' '),
    page.kind === 'operation' ? fence(codeOf(page)) : '',
    links(page),
    ...sections.map(({ name, fields }) => `## ${words.en[name]}\n\n${table(fields)}`),
    page.kind === 'operation' && page.errors.length > 0 ? errorsOf(page) : '',
    sample === undefined ? '' : `## ${words.en.sample}\n\n${fence(print(sample))}`,
  ]
    .filter(part => part !== '')
    .join('\n\n')
    .concat('\n')
}

function links({ kind, related }: OperationPage | EventPage): string {
  if (related.length === 0) return ''
  const lines = related.map(({ title, slug, subject }) => `- [${title}](/${slug}/index.md): \`${subject}\``)
  return `## ${kind === 'operation' ? words.en.follows : words.en.causes}\n\n${lines.join('\n')}`
}

function codeOf({ call }: OperationPage): string {
  return call.forms.map(({ node }) => `await ${node}.${call.method}(${call.options})`).join('\n\n')
}

function errorsOf({ errors }: OperationPage): string {
  const rows = errors.map(({ status, code, meaning }) => `| ${status} | \`${code}\` | ${meaning} |`)
  return [`## ${words.en.errors}\n`, '| status | code | meaning |', '| --- | --- | --- |', ...rows].join('\n')
}

function fence(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\``
}

function table(fields: readonly Field[]): string {
  const rows = fields.map(({ name, depth, type, required, title, values, encrypted, unit, length }) => {
    const facts = [
      title,
      unit,
      length && `${words.en.length} ${length}`,
      values.join(' '),
      encrypted && words.en[encrypted],
    ]
    return `| ${'· '.repeat(depth)}\`${name}\` | ${type}${required ? `, ${words.en.required}` : ''} | ${facts.filter(Boolean).join('; ').replaceAll('|', '\\|').replace(/\s+/g, ' ')} |`
  })
  return ['| field | type | meaning |', '| --- | --- | --- |', ...rows].join('\n')
}
