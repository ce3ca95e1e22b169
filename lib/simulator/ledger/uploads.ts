/** Uploaded images, kept so that they can be downloaded again. */
import type { Book } from './book.js'
import { problem } from './problem.js'

/** How many images are kept: the latest ones. */
const LIMIT = 100

export class Uploads {
  readonly #images: Map<string, { base64: string }>

  constructor(book: Book) {
    this.#images = book.table('uploads')
  }

  add(id: string, content: Buffer): void {
    this.#images.set(id, { base64: content.toString('base64') })
    const [oldest] = this.#images.keys()
    if (this.#images.size > LIMIT && oldest !== undefined) this.#images.delete(oldest)
  }

  /** @throws ApiError 404 `RESOURCE_NOT_EXISTS`. */
  find(id: string): Buffer {
    const image = this.#images.get(id)
    if (!image) throw problem(404, 'RESOURCE_NOT_EXISTS', '图片不存在')
    return Buffer.from(image.base64, 'base64')
  }
}
