/** Uploaded images, kept so that they can be downloaded again. */
import { problem } from './problem.js'

/** How many images are kept: the latest ones. */
const LIMIT = 100

export class Uploads {
  readonly #images = new Map<string, Buffer>()

  add(id: string, content: Buffer): void {
    this.#images.set(id, content)
    const [oldest] = this.#images.keys()
    if (this.#images.size > LIMIT && oldest !== undefined) this.#images.delete(oldest)
  }

  /** @throws ApiError 404 `RESOURCE_NOT_EXISTS`. */
  find(id: string): Buffer {
    const content = this.#images.get(id)
    if (!content) throw problem(404, 'RESOURCE_NOT_EXISTS', '图片不存在')
    return content
  }
}
