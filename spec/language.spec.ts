import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'

// Words that are never right in messages, comments and documents, with the reason and what to write instead. Many readers
// have learned English as a second language.
const INSTEAD: Readonly<Record<string, string>> = {
  'answer|answers|answered': 'response, responds: the terms of HTTP and of the public names',
  another: 'a different one, or a second one: it can mean either',
  'anew|likewise': 'again, in the same way: few readers know these words',
  'business number': 'merchant order number, or the name of the field',
  'came of|come of|for want of|that is none|which is none|as it came|as they came':
    'these phrases cannot be understood word by word',
  'everybody|nobody|somebody|someone|whoever|whom': 'name the payer, the merchant, the caller',
  'none of APIv2|none of APIv3': 'not a valid response of APIv2',
  'sealed|unsealed': 'encrypted, decrypted: the terms of cryptography',
  told: 'called with, notified: programs do not tell',
  whichever: 'any, regardless of',
}

const WORDS = new RegExp(`\\b(?:${Object.keys(INSTEAD).join('|').replaceAll(' ', ' +')})\\b`, 'gi')

/** The words in a source, each with its line. A phrase may continue on the next line of a comment. */
function wordsIn(source: string): string[] {
  const joined = source.replace(/\n\s*(?:\*|\/\/)?/g, gap => ' '.repeat(gap.length))
  return [...joined.matchAll(WORDS)].map(
    ({ 0: word, index }) => `${source.slice(0, index).split('\n').length}: ${word.replace(/ +/g, ' ')}`,
  )
}

const root = resolve(import.meta.dirname, '..')

function filesIn(folder: string, pattern: RegExp): string[] {
  return readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
    .map(file => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter(file => pattern.test(file) && !file.includes('/generated/'))
}

it('has none of the words that puzzle readers', () => {
  const files = [
    ...filesIn('lib', /\.(?:ts|js|cjs|html)$/),
    ...filesIn('openapi/tools', /\.mjs$/),
    ...filesIn('docs/guides', /^docs\/guides\/[^/]+\.md$/),
    ...['README.md', 'SECURITY.md', 'CHANGELOG.md', 'openapi/README.md', 'bench/README.md'],
  ]
  const found = files.flatMap(file => wordsIn(readFileSync(resolve(root, file), 'utf8')).map(word => `${file}:${word}`))
  expect(found).toEqual([])
})

it('finds them in comments, messages and documents, also across lines', () => {
  const source = "/**\n * What came\n *   of it.\n */\nthrow new Error('Nobody knows.') // told\n"
  expect(wordsIn(source)).toEqual(['2: came of', '5: Nobody', '5: told'])
})
