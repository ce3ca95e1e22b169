/** The search dialog with the results of Pagefind, whose script is loaded when the dialog opens. */

interface Found {
  url: string
  /** Escaped, except for `<mark>`. */
  excerpt: string
  meta: { title?: string; subject?: string; product?: string }
}

interface Result {
  id: string
  data(): Promise<Found>
}

interface Index {
  search(term: string | null, options?: { filters: Record<string, string> }): Promise<{ results: Result[] }>
}

interface Pagefind {
  createInstance(options: object): Index
}

const SHOWN = 10

/** Milliseconds without a key press before a search. */
const PAUSE = 150

/** The number of results that are ranked. */
const CONSIDERED = 40

class SiteSearch extends HTMLElement {
  readonly #indexes = new Map<string, Promise<Index>>()

  connectedCallback(): void {
    this.querySelector('.open')?.addEventListener('click', () => this.#open())
    this.querySelector('input')?.addEventListener('input', () => void this.#search(SHOWN))
    window.addEventListener('keydown', event => {
      if (event.key !== 'k' || !(event.metaKey || event.ctrlKey)) return
      event.preventDefault()
      this.#open()
    })
    const dialog = this.querySelector('dialog')
    dialog?.addEventListener('click', event => {
      if (event.target === dialog) dialog.close()
    })
    // Enter follows the first result; only the button closes.
    this.querySelector('form')?.addEventListener('submit', event => {
      if (document.activeElement !== this.querySelector('input')) return
      event.preventDefault()
      this.querySelector<HTMLAnchorElement>('.results a')?.click()
    })
  }

  #open(): void {
    const dialog = this.querySelector('dialog')
    if (!dialog?.open) dialog?.showModal()
    void this.#indexOf(document.documentElement.lang)
  }

  #indexOf(language: string): Promise<Index> {
    const index = this.#indexes.get(language) ?? load(language)
    this.#indexes.set(language, index)
    return index
  }

  async #search(limit: number): Promise<void> {
    const list = this.querySelector('.results')
    const term = this.#term()
    if (!list) return
    if (term === '') return list.replaceChildren()
    await new Promise(resolve => setTimeout(resolve, PAUSE))
    if (term !== this.#term()) return
    // The official titles are Chinese on every page; only the Chinese index splits them into words.
    const own = document.documentElement.lang
    const index = await this.#indexOf(/\p{Script=Han}/u.test(term) ? 'zh-CN' : own)
    const [named, { results }] = await Promise.all([
      index.search(null, { filters: { named: term.toLowerCase() } }),
      index.search(term),
    ])
    const distinct = new Map([...named.results, ...results].map(result => [result.id, result]))
    const considered = [...distinct.values()].slice(0, Math.max(limit, CONSIDERED))
    const found = await Promise.all(considered.map(result => result.data()))
    // A later search has replaced this one.
    if (term !== this.#term()) return
    const sorted = found.sort((one, other) => rankOf(one, term) - rankOf(other, term)).slice(0, limit)
    const more = results.length > limit ? [this.#moreButton(limit)] : []
    if (found.length === 0) list.textContent = this.dataset.none ?? ''
    else list.replaceChildren(...sorted.map(entry => entryOf(entry, own)), ...more)
  }

  #term(): string {
    return this.querySelector('input')?.value.trim() ?? ''
  }

  #moreButton(limit: number): HTMLElement {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = this.dataset.more ?? ''
    button.addEventListener('click', () => void this.#search(limit + SHOWN))
    return button
  }
}

/**
 * A guide about the term comes first, then operations with it in their title or path: of basic payments before others, and
 * those of the thing itself, whose path ends with the term, before those that do something with it.
 */
function rankOf({ url, meta: { title = '', subject = '', product = '' } }: Found, term: string): number {
  const has = (text: string) => text.toLowerCase().includes(term.toLowerCase())
  if (url.includes('/guides/')) return has(title) ? 0 : 4
  const isOperation = subject.includes(' /')
  if (isOperation && has(`${title} ${subject}`)) {
    const isItself = subject.toLowerCase().replace(/\W+$/, '').endsWith(term.toLowerCase())
    return (product.startsWith('基础支付') ? 1 : 2) + (isItself ? 0 : 0.5)
  }
  return has(title) ? 3 : 4
}

async function load(language: string): Promise<Index> {
  const address = '/pagefind/pagefind.js'
  const pagefind: Pagefind = await import(/* @vite-ignore */ address)
  const root = document.documentElement
  const own = root.lang
  // An index is that of the language which the page has at this moment.
  root.lang = language
  const index = pagefind.createInstance({})
  root.lang = own
  return index
}

/** The same page in the language of the reader. */
function localized(url: string, language: string): string {
  return language === 'zh-CN' ? url : url.replace(/^\/zh-cn\//, '/')
}

function entryOf({ url, excerpt, meta }: Found, language: string): HTMLElement {
  const link = document.createElement('a')
  link.href = localized(url, language)
  const title = document.createElement('b')
  title.textContent = meta.title ?? url
  const subject = document.createElement('code')
  subject.textContent = meta.subject ?? ''
  const text = document.createElement('p')
  text.innerHTML = excerpt
  link.append(title, ...(meta.subject ? [subject] : []), text)
  return link
}

customElements.define('site-search', SiteSearch)
