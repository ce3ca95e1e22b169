/** Web standards: a Request in, a Response out. */
import { InvalidArgumentError } from '../../errors.js'
import { incomplete, KEEP_RAW_BODY, type Respond, tooLarge } from '../message.js'

export type WebHandler = (request: Request) => Promise<Response>

export function toWeb(respond: Respond): WebHandler {
  return async request => {
    const { status, headers, body } = await respond({
      headers: request.headers,
      read: limit => readBody(request, limit),
    })
    return new Response(body ?? null, { status, headers })
  }
}

async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  if (request.bodyUsed) {
    throw new InvalidArgumentError(`The body of the Request was read before the handler. ${KEEP_RAW_BODY}`)
  }
  if (Number(request.headers.get('content-length')) > limit) throw tooLarge(limit)
  const reader = request.body?.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = (await reader?.read().catch(cause => {
      throw incomplete(cause)
    })) ?? { done: true }
    if (done) return Buffer.concat(chunks)
    size += value.byteLength
    if (size > limit) {
      // Not awaited: the sender may never end.
      reader?.cancel().catch(() => {})
      throw tooLarge(limit)
    }
    chunks.push(value)
  }
}
