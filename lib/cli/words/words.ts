/** The languages of the command line, and which one a user reads. */
import { en, type Words } from './en.js'
import { zh } from './zh.js'

export type { Words } from './en.js'

type Environment = Readonly<Record<string, string | undefined>>

export type Language = 'en' | 'zh'

const LANGUAGES: Readonly<Record<Language, Words>> = { en, zh }

export function isLanguage(name: string): name is Language {
  return Object.hasOwn(LANGUAGES, name)
}

export function wordsOf(language: Language): Words {
  return LANGUAGES[language]
}

/** That of `--lang`, or else of the environment, in the order of POSIX. */
export function languageOf(argv: readonly string[], { LC_ALL, LC_MESSAGES, LANG }: Environment): Language {
  const at = argv.findLastIndex(argument => argument === '--lang' || argument.startsWith('--lang='))
  const chosen = at < 0 ? undefined : (argv[at]?.split('=')[1] ?? argv[at + 1])
  if (chosen !== undefined && isLanguage(chosen)) return chosen
  return /^zh/i.test(LC_ALL || LC_MESSAGES || LANG || '') ? 'zh' : 'en'
}
